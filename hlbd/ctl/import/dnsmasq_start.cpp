#include "ctl/import/dnsmasq_start.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

constexpr char kMainFile[] = "/etc/dnsmasq.conf";
constexpr char kDefaults[] = "/etc/default/dnsmasq";

// Short options that take an argument (dnsmasq's option.c).
constexpr std::string_view kWithArgument = "mpclsitugaxSCATHQIBFGOMXVUjPJWY246780317";

struct ShortOption {
  char letter;
  std::string_view name;
};

// Those that are about names, or where more is said.
constexpr std::array<ShortOption, 10> kShortOptions = {{{'A', "address"},
                                                        {'S', "server"},
                                                        {'C', "conf-file"},
                                                        {'7', "conf-dir"},
                                                        {'H', "addn-hosts"},
                                                        {'h', "no-hosts"},
                                                        {'E', "expand-hosts"},
                                                        {'s', "domain"},
                                                        {'p', "port"},
                                                        {'a', "listen-address"}}};

std::string long_name(char letter) {
  const auto* found = std::ranges::find(kShortOptions, letter, &ShortOption::letter);
  return found == kShortOptions.end() ? "" : std::string(found->name);
}

class CommandLine {
 public:
  explicit CommandLine(const std::vector<std::string>& words) : words_(words) {}

  std::vector<DnsmasqOption> parse() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word == "--") break;
      if (word.starts_with("--")) {
        add_long(word.substr(2));
      } else if (word.starts_with("-")) {
        add_short(std::string_view(word).substr(1));
      }
    }
    return std::move(options_);
  }

 private:
  void add_long(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) {
      options_.push_back({text.substr(0, equals), text.substr(equals + 1)});
    } else {
      // No other words are taken, so one without a dash is an argument.
      options_.push_back({text, take_argument()});
    }
  }

  void add_short(std::string_view letters) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      const std::string name = long_name(letters[i]);
      if (kWithArgument.find(letters[i]) == std::string_view::npos) {
        options_.push_back({name, ""});
        continue;
      }
      const std::string_view attached = letters.substr(i + 1);
      options_.push_back({name, attached.empty() ? take_argument() : std::string(attached)});
      return;
    }
  }

  std::string take_argument() {
    const bool has = next_ < words_.size() && !words_[next_].starts_with('-');
    return has ? words_[next_++] : "";
  }

  const std::vector<std::string>& words_;
  std::size_t next_ = 0;
  std::vector<DnsmasqOption> options_;
};

// ---- /etc/default/dnsmasq ----------------------------------------------------------------------

using Variables = std::map<std::string, std::string, std::less<>>;

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The variable that `rest` begins with, as "$NAME" or "${NAME}", which is taken off it.
std::string take_variable(std::string_view& rest, const Variables& variables) {
  rest.remove_prefix(1);
  const bool braced = rest.starts_with('{');
  if (braced) rest.remove_prefix(1);
  std::size_t length = 0;
  while (length < rest.size() && is_of_name(rest[length]))
    ++length;
  const auto found = variables.find(rest.substr(0, length));
  rest.remove_prefix(length);
  if (braced && rest.starts_with('}')) rest.remove_prefix(1);
  return found == variables.end() ? "" : found->second;
}

// What a shell makes of the text of a value: quotes and variables, but no commands.
std::string shell_value(std::string_view rest, const Variables& variables) {
  std::string value;
  char quote = 0;
  while (!rest.empty()) {
    const char c = rest.front();
    if (c == '$' && quote != '\'') {
      value += take_variable(rest, variables);
      continue;
    }
    rest.remove_prefix(1);
    if (quote == 0 && (c == ' ' || c == '\t' || c == ';')) break;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && !rest.empty()) {
      value += rest.front();
      rest.remove_prefix(1);
    } else {
      value += c;
    }
  }
  return value;
}

Variables shell_variables(std::string_view text) {
  Variables variables;
  for (std::string_view line : lines_of(text)) {
    line = trimmed(line);
    if (line.starts_with("export ")) line = trimmed(line.substr(7));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#')) continue;
    variables[std::string(line.substr(0, equals))] =
        shell_value(line.substr(equals + 1), variables);
  }
  return variables;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : parts_of(text, ' '))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

// ---- the one that runs -------------------------------------------------------------------------

// Whether it is no container's: units that are shut in have a mount namespace of their own, but
// the host's root folder and network. Of another user's that can't be seen.
bool is_of_host(const std::filesystem::path& process) {
  std::error_code error;
  const auto network = std::filesystem::read_symlink(process / "ns/net", error);
  if (error) return true;
  if (network != std::filesystem::read_symlink("/proc/self/ns/net", error)) return false;
  return std::filesystem::equivalent(process / "root", "/", error) || error;
}

std::vector<std::string> words_of_process(const std::filesystem::path& process) {
  const auto name = read_text(process / "comm");
  if (!name || trimmed(*name) != "dnsmasq" || !is_of_host(process)) return {};
  std::vector<std::string> words;
  const auto line = read_text(process / "cmdline");
  if (!line) return {};
  for (const std::string_view word : parts_of(*line, '\0'))
    words.emplace_back(word);
  if (!words.empty() && words.back().empty()) words.pop_back();
  return words;
}

// The command lines of all that run, each once: a dnsmasq that runs scripts is two processes.
std::set<std::vector<std::string>> running_dnsmasqs() {
  std::set<std::vector<std::string>> found;
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    std::vector<std::string> words = words_of_process(entry->path());
    if (!words.empty()) found.insert(std::move(words));
  }
  return found;
}

std::string in_one_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words)
    line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace

DnsmasqStart parse_dnsmasq_words(const std::vector<std::string>& words, const Place& place) {
  DnsmasqStart start;
  for (DnsmasqOption& option : CommandLine(words).parse()) {
    if (option.name == "conf-file") {
      if (!option.argument.empty()) start.files.emplace_back(option.argument);
    } else {
      start.options.push_back({std::move(option), place});
    }
  }
  start.may_be_missing = start.files.empty();
  if (start.files.empty()) start.files.emplace_back(kMainFile);
  return start;
}

std::vector<std::string> words_of_defaults(std::string_view text) {
  const Variables variables = shell_variables(text);
  const auto value = [&](std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  };
  std::vector<std::string> words = split_words(value("DNSMASQ_OPTS"));
  if (const std::string domain = value("DOMAIN_SUFFIX"); !domain.empty()) {
    words.insert(words.end(), {"-s", domain});
  }
  if (const std::string folder = value("CONFIG_DIR"); !folder.empty()) {
    words.insert(words.end(), {"-7", folder});
  }
  return words;
}

tl::expected<DnsmasqStart, std::string> dnsmasq_of_host() {
  const auto running = running_dnsmasqs();
  if (running.size() > 1) {
    std::string message = "several dnsmasq run here; name the files of one:";
    for (const std::vector<std::string>& words : running)
      message += "\n  " + in_one_line(words);
    return tl::unexpected(std::move(message));
  }
  if (!running.empty()) {
    const std::vector<std::string>& words = *running.begin();
    DnsmasqStart start =
        parse_dnsmasq_words({words.begin() + 1, words.end()}, {"dnsmasq's command line", 0});
    start.is_running = true;
    return start;
  }
  std::error_code error;
  const auto defaults = read_text(kDefaults);
  if (!defaults && !std::filesystem::exists(kMainFile, error)) {
    return tl::unexpected<std::string>(
        "no dnsmasq runs here, and there is no /etc/dnsmasq.conf; name dnsmasq's files");
  }
  return parse_dnsmasq_words(defaults ? words_of_defaults(*defaults) : std::vector<std::string>(),
                             {kDefaults, 0});
}

}  // namespace hlb::ctl
