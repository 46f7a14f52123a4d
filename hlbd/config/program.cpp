#include "config/program.h"

#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "system/last_error.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr mode_t kAnyoneMayRun = S_IXUSR | S_IXGRP | S_IXOTH;

// Why nobody can run it; empty when someone can. Whether its user may run it is found out when it
// is run, since --check-config may be run by another user; so is whether a program is there that
// this process may not see, such as in a home that hlbd's sandbox hides and hlb-programs.service's
// doesn't.
std::string program_fault(const std::string& path) {
  if (!path.starts_with('/')) return "is no absolute path; start it with \"/\"";
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == EACCES) return "";
    return "cannot be run: " + last_error().message();
  }
  if (!S_ISREG(status.st_mode)) return "is not a regular file; give a program";
  if ((status.st_mode & kAnyoneMayRun) == 0) return "is not executable; chmod +x it";
  return "";
}

// A word of the command at `key`, or the message that says why it is none: a zero byte would end it
// early.
tl::expected<std::string, std::string> word_of(std::string_view key, const Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr)
    return tl::unexpected(text::must_be(key, "strings in quotes", kind_of(value)));
  if (text->find('\0') != std::string::npos) {
    return tl::unexpected(text::in_quotes(*text) +
                          " has a zero byte, which no argument can hold; remove it");
  }
  return *text;
}

// Why there is no such user; empty when there is one.
std::string user_fault(const std::string& name) {
  errno = 0;
  const passwd* user = getpwnam(name.c_str());
  // A name that goes on after a zero byte is another name.
  if (user != nullptr && name == user->pw_name) return "";
  // Which errors mean that there is no such user depends on the source: see getpwnam(3).
  const bool failed = errno == EIO || errno == EMFILE || errno == ENFILE || errno == ENOMEM;
  if (user == nullptr && failed) {
    return "cannot be looked up: " + last_error().message();
  }
  return "is no user of this host; create it or choose another";
}

}  // namespace

std::vector<std::string> read_command(TableReader& keys, std::string_view key,
                                      std::string_view example, Faults& faults) {
  const Value::Array* words = keys.array(key, example);
  if (words == nullptr || words->empty()) return {};
  std::vector<std::string> command;
  for (const Value& word : *words) {
    auto text = word_of(key, word);
    if (!text) {
      faults.add(word.at, text.error());
      return {};
    }
    command.push_back(std::move(*text));
  }
  if (const std::string fault = program_fault(command.front()); !fault.empty()) {
    faults.add(words->front().at, text::in_quotes(command.front()) + " " + fault);
    return {};
  }
  return command;
}

void read_user(TableReader& keys, std::string_view key, Faults& faults, std::string& into) {
  const std::string* user = keys.text(key);
  if (user == nullptr) return;
  if (const std::string fault = user_fault(*user); !fault.empty()) {
    return faults.add(keys.find(key)->at, text::in_quotes(*user) + " " + fault);
  }
  into = *user;
}

}  // namespace hlb::config
