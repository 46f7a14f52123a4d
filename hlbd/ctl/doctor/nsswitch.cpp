#include "ctl/doctor/nsswitch.h"

#include <algorithm>
#include <utility>

namespace hlb::ctl::doctor {
namespace {

// The databases that glibc 2.36 knows. It reads no line of any other.
constexpr std::array<std::string_view, 17> kDatabases = {
    "aliases",    "ethers",   "group",    "group_compat", "gshadow",       "hosts",
    "initgroups", "netgroup", "networks", "passwd",       "passwd_compat", "protocols",
    "publickey",  "rpc",      "services", "shadow",       "shadow_compat"};

// White space as isspace(3) has it in the C locale, by which glibc reads the file.
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool same_word(std::string_view word, std::string_view capitals) {
  return std::ranges::equal(word, capitals, [](char a, char b) {
    return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
  });
}

std::optional<SourceStatus> status_of(std::string_view word) {
  if (same_word(word, "SUCCESS")) return SourceStatus::success;
  if (same_word(word, "NOTFOUND")) return SourceStatus::notfound;
  if (same_word(word, "UNAVAIL")) return SourceStatus::unavail;
  if (same_word(word, "TRYAGAIN")) return SourceStatus::tryagain;
  return std::nullopt;
}

std::optional<SourceAction> action_of(std::string_view word) {
  if (same_word(word, "RETURN")) return SourceAction::stop;
  if (same_word(word, "CONTINUE") || same_word(word, "MERGE")) return SourceAction::go_on;
  return std::nullopt;
}

// Reads one line, step by step as glibc does.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front()))
      rest_.remove_prefix(1);
  }
  bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool skip(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view word(std::string_view ends) {
    const auto end = std::ranges::find_if(
        rest_, [ends](char c) { return is_space(c) || ends.find(c) != std::string_view::npos; });
    const std::string_view word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(word.size());
    return word;
  }
  void skip_database_end() {
    while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == ':'))
      rest_.remove_prefix(1);
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::string trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return std::string(text);
}

// "STATUS=ACTION", with the blanks that glibc allows.
bool read_criterion(LineReader& line, NssSource& source) {
  const bool all_but = line.skip('!');
  const auto status = status_of(line.word("=]"));
  line.skip_space();
  if (!status || !line.skip('=')) return false;
  line.skip_space();
  const auto action = action_of(line.word("=]"));
  if (!action) return false;
  line.skip_space();
  SourceAction& own = source.on[static_cast<std::size_t>(*status)];
  const SourceAction before = own;
  if (all_but) source.on.fill(*action);
  own = all_but ? before : *action;
  return true;
}

bool read_actions(LineReader& line, NssSource& source) {
  const std::string_view start = line.rest();
  line.skip('[');
  line.skip_space();
  do {
    if (!read_criterion(line, source)) return false;
  } while (!line.at(']'));
  line.skip(']');
  source.actions = start.substr(0, start.size() - line.rest().size());
  return true;
}

// The sources of a line; on an error the part with the error instead.
std::optional<std::string> read_sources(LineReader line, HostsLine& hosts) {
  while (true) {
    line.skip_space();
    NssSource source;
    source.name = line.word("[");
    if (source.name.empty()) break;
    line.skip_space();
    const std::string_view actions = line.rest();
    if (line.at('[') && !read_actions(line, source)) {
      const std::size_t end = actions.find(']');
      return trimmed(end == std::string_view::npos ? actions : actions.substr(0, end + 1));
    }
    hosts.sources.push_back(std::move(source));
  }
  hosts.unread = trimmed(line.rest());
  return std::nullopt;
}

}  // namespace

std::size_t HostsLine::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      sources, [name](const NssSource& source) { return source.name == name; });
  return static_cast<std::size_t>(found - sources.begin());
}

Nsswitch Nsswitch::parse(std::string_view text) {
  Nsswitch result;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    LineReader line(text.substr(0, end));
    line.skip_space();
    const std::string_view database = line.word(":");
    if (end == std::string_view::npos) {
      result.hosts_unterminated = database == "hosts";
      break;
    }
    text.remove_prefix(end + 1);
    line.skip_database_end();
    if (std::ranges::find(kDatabases, database) == kDatabases.end()) continue;
    HostsLine sources;
    sources.line = number;
    if (auto wrong = read_sources(line, sources)) {
      result.error = Error{number, std::move(*wrong)};
      break;
    }
    if (database == "hosts") result.hosts = std::move(sources);
  }
  return result;
}

}  // namespace hlb::ctl::doctor
