#include "ctl/complete.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "ctl/client.h"
#include "text/endpoint.h"

namespace hlb::ctl {

namespace {

// ---- what the command line's definition says ---------------------------------------------------

bool is_shown(const CLI::App* command) {
  return !command->get_group().empty();
}

bool is_shown(const CLI::Option* option) {
  return !option->get_group().empty();
}

// The kind of its value as --help has it: its type, or the name of a positional without a type.
std::string kind_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.empty() ? option.get_single_name() : type;
}

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

bool needs_value(const CLI::Option& option) {
  return option.get_items_expected_min() > 0;
}

// The words of "system|session"; none for names of kinds, which are in capitals, as "PATH|PID".
std::vector<std::string_view> words_of(std::string_view kind) {
  std::vector<std::string_view> words;
  if (kind.find('|') == std::string_view::npos || std::ranges::any_of(kind, is_capital)) {
    return words;
  }
  while (true) {
    const std::size_t bar = kind.find('|');
    words.push_back(kind.substr(0, bar));
    if (bar == std::string_view::npos) return words;
    kind.remove_prefix(bar + 1);
  }
}

// Follows the words that are complete, and says what the last one can be.
class Walk {
 public:
  explicit Walk(const CLI::App& app) : command_(&app) {}

  void pass(const std::string& word) {
    if (awaiting_ != nullptr) {
      awaiting_ = nullptr;
    } else if (word == "--" && !positionals_only_) {
      positionals_only_ = true;
    } else if (is_option(word)) {
      pass_option(word);
    } else if (const CLI::App* next = subcommand(word)) {
      command_ = next;
    } else {
      ++positionals_;
    }
    if (command_->get_parent() == nullptr) ++globals_;
  }

  Completion finish(const std::string& word) {
    Completion completion;
    completion.globals = globals_;
    if (awaiting_ != nullptr) {
      offer_value(*awaiting_, completion);
    } else if (is_option(word)) {
      offer_options(completion);
    } else {
      offer_subcommands(completion);
      if (const CLI::Option* next = positional()) offer_value(*next, completion);
    }
    std::erase_if(completion.candidates,
                  [&](const Candidate& each) { return !each.word.starts_with(word); });
    return completion;
  }

 private:
  bool is_option(std::string_view word) const {
    return !positionals_only_ && word.starts_with('-');
  }

  void pass_option(const std::string& word) {
    // An option that is written with "=" has its value already.
    const CLI::Option* option = command_->get_option_no_throw(word);
    if (option != nullptr && needs_value(*option)) awaiting_ = option;
  }

  const CLI::App* subcommand(const std::string& word) const {
    if (positionals_ > 0 || positionals_only_) return nullptr;
    const auto all = command_->get_subcommands(
        [&](const CLI::App* each) { return is_shown(each) && each->check_name(word); });
    return all.empty() ? nullptr : all.front();
  }

  // The positional that is typed now; the last of a command may take all that follow.
  const CLI::Option* positional() const {
    const auto all = command_->get_options(
        [](const CLI::Option* each) { return each->get_positional() && is_shown(each); });
    std::size_t left = positionals_;
    for (const CLI::Option* each : all) {
      const auto most = static_cast<std::size_t>(each->get_items_expected_max());
      if (left < most) return each;
      left -= most;
    }
    return nullptr;
  }

  void offer_options(Completion& completion) const {
    for (const CLI::Option* option : command_->get_options(
             [](const CLI::Option* each) { return each->nonpositional() && is_shown(each); })) {
      for (const std::string& name : option->get_lnames())
        completion.candidates.push_back({"--" + name, option->get_description()});
    }
  }

  void offer_subcommands(Completion& completion) const {
    if (positionals_ > 0 || positionals_only_) return;
    for (const CLI::App* each :
         command_->get_subcommands([](const CLI::App* one) { return is_shown(one); }))
      completion.candidates.push_back({each->get_name(), each->get_description()});
  }

  static void offer_value(const CLI::Option& option, Completion& completion) {
    const std::string kind = kind_of(option);
    const auto words = words_of(kind);
    for (const std::string_view word : words)
      completion.candidates.push_back({std::string(word), ""});
    if (words.empty()) completion.kind = kind;
  }

  const CLI::App* command_;
  const CLI::Option* awaiting_ = nullptr;  // its value is next
  std::size_t positionals_ = 0;            // of the command, so far
  std::size_t globals_ = 0;
  bool positionals_only_ = false;  // after "--"
};

// ---- what hlbd says ----------------------------------------------------------------------------

std::string summary(const ServiceReport& service) {
  return service.state + ", " + std::to_string(service.up) + " of " +
         std::to_string(service.backends);
}

// Services and aliases that begin so.
std::vector<Candidate> services_like(Client& client, std::string_view start) {
  std::vector<Candidate> found;
  for (const ServiceReport& service : client.services())
    if (service.name.starts_with(start)) found.push_back({service.name, summary(service)});
  if (start.empty()) return found;  // there may be many more aliases
  for (const AliasReport& each : client.aliases())
    if (each.alias.starts_with(start)) found.push_back({each.alias, "alias of " + each.service});
  return found;
}

// Addresses that begin so, as somebody types them: with a port once there is a colon after it, or a
// bracket before it.
std::vector<Candidate> addresses_like(Client& client, std::string_view start) {
  std::vector<Candidate> found;
  std::set<std::string> once;
  for (const BackendReport& each : client.backends("")) {
    const std::string with_port = text::with_port(each.address, each.port);
    for (const std::string& form : {each.address, with_port})
      if (form.starts_with(start) && once.insert(form).second) found.push_back({form, each.state});
  }
  return found;
}

// The backends of a service, or alias, before a slash.
std::vector<Candidate> backends_like(Client& client, const std::string& name,
                                     std::string_view start) {
  std::vector<Candidate> found;
  const std::string before = name + "/";
  const bool with_bracket = start.find('[') != std::string_view::npos;
  for (const BackendReport& each : client.backends(client.service_of(name).value_or(name))) {
    const std::string plain = before + each.address;
    found.push_back({plain, each.state});
    if (plain.size() < start.size() || with_bracket) {
      found.push_back({before + text::with_port(each.address, each.port), each.state});
    }
  }
  std::erase_if(found, [&](const Candidate& each) { return !each.word.starts_with(start); });
  return found;
}

// Services and aliases that begin so, and when one alone does, its backends as well; or addresses.
std::vector<Candidate> targets_like(Client& client, std::string_view start) {
  const std::size_t slash = start.find('/');
  if (slash != std::string_view::npos) {
    return backends_like(client, std::string(start.substr(0, slash)), start);
  }
  std::vector<Candidate> found = services_like(client, start);
  if (found.size() == 1) {
    std::ranges::move(backends_like(client, found.front().word, start), std::back_inserter(found));
  }
  if (found.empty() && !start.empty()) return addresses_like(client, start);
  return found;
}

std::vector<Candidate> names_like(const Settings& settings, const std::string& kind,
                                  std::string_view start) {
  try {
    Client client(settings);
    if (kind == "TARGET") return targets_like(client, start);
    return services_like(client, start);
  } catch (const Failure&) {
    return {};  // a shell in the middle of a command line can show no reason
  }
}

// The subcommands that the words after "help" can go on with: `words` begin with that one.
std::vector<Candidate> subcommands_after_help(const CLI::App& app,
                                              std::span<const std::string> words) {
  std::vector<Candidate> found = complete(app, words.last(words.size() - 1)).candidates;
  std::erase_if(found, [](const Candidate& each) { return each.word.starts_with('-'); });
  return found;
}

// Takes the settings among the words, such as the bus that is to be asked.
void take_globals(CLI::App& app, std::span<const std::string> words) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError&) {
    // The line isn't finished: the defaults are as good as anything.
  }
}

}  // namespace

Completion complete(const CLI::App& app, std::span<const std::string> words) {
  Walk walk(app);
  if (words.empty()) return walk.finish("");
  for (const std::string& word : words.first(words.size() - 1))
    walk.pass(word);
  return walk.finish(words.back());
}

int print_completion(CLI::App& app, const Settings& settings, std::span<const std::string> words) {
  Completion completion = complete(app, words);
  const std::string& kind = completion.kind;
  if (kind == "SERVICE" || kind == "TARGET" || kind == "NAME") {
    take_globals(app, words.first(completion.globals));
    std::ranges::move(names_like(settings, kind, words.empty() ? "" : words.back()),
                      std::back_inserter(completion.candidates));
  } else if (kind == "COMMAND") {
    completion.candidates = subcommands_after_help(app, words.subspan(completion.globals));
  } else if (kind == "DIR") {
    completion.candidates.push_back({"DIR", ""});
  } else if (kind == "FILE" || kind.starts_with("PATH")) {
    completion.candidates.push_back({"FILE", ""});
  }
  std::string text;
  for (const auto& [word, description] : completion.candidates)
    text.append(word).append(description.empty() ? "" : "\t").append(description).append("\n");
  put_out(text);
  return kOk;
}

}  // namespace hlb::ctl
