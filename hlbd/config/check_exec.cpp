// Checks of type = "exec".

#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "config/check_type.h"
#include "config/wording.h"

namespace hlb::config {

namespace {

constexpr std::string_view kExample = R"(["/usr/local/bin/check-app", "--quick"])";
constexpr mode_t kAnyoneMayRun = S_IXUSR | S_IXGRP | S_IXOTH;

// Why nobody can run it; empty when someone can. Whether the check's user may is left to the probe,
// since --check-config may be run by another one.
std::string program_fault(const std::string& path) {
  if (!path.starts_with('/')) return "is no absolute path; start it with \"/\"";
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return "cannot be run: " + std::generic_category().message(errno);
  }
  if (!S_ISREG(status.st_mode)) return "is not a regular file; give a program";
  if ((status.st_mode & kAnyoneMayRun) == 0) return "is not executable; chmod +x it";
  return "";
}

// Why `value` is no word of a command. A zero byte would end it early.
std::string word_fault(const Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) return must_be("command", "strings in quotes", kind_of(value));
  if (text->find('\0') != std::string::npos) {
    return in_quotes(*text) + " has a zero byte, which no argument can hold; remove it";
  }
  return "";
}

void read_command(const CheckTable& table, ExecCheck& exec) {
  const Value* value = table.keys.require("command", "add command = " + std::string(kExample));
  const Value::Array* words = table.keys.array("command", kExample);
  if (words == nullptr) return;
  if (words->empty()) {
    return table.faults.add(value->at, "\"command\" is empty; give a program's absolute path");
  }
  for (const Value& word : *words) {
    const std::string fault = word_fault(word);
    if (!fault.empty()) return table.faults.add(word.at, fault);
    exec.command.push_back(std::get<std::string>(word.data));
  }
  const std::string& program = exec.command.front();
  if (const std::string fault = program_fault(program); !fault.empty()) {
    table.faults.add(words->front().at, in_quotes(program) + " " + fault);
  }
}

// Why there is no such user; empty when there is one.
std::string user_fault(const std::string& name) {
  errno = 0;
  const passwd* user = getpwnam(name.c_str());
  // A name that goes on behind a zero byte is another one.
  if (user != nullptr && name == user->pw_name) return "";
  // Which of them means that there is none depends on the source: see getpwnam(3).
  const bool failed = errno == EIO || errno == EMFILE || errno == ENFILE || errno == ENOMEM;
  if (user == nullptr && failed) {
    return "cannot be looked up: " + std::generic_category().message(errno);
  }
  return "is no user of this host; create it or choose another";
}

void read_user(const CheckTable& table, ExecCheck& exec) {
  const std::string* user = table.keys.text("user");
  if (user == nullptr) return;
  if (const std::string fault = user_fault(*user); !fault.empty()) {
    return table.faults.add(table.keys.find("user")->at, in_quotes(*user) + " " + fault);
  }
  exec.user = *user;
}

}  // namespace

void read_exec(const CheckTable& table, CheckSpec& check) {
  read_port(table, check);
  ExecCheck exec;
  exec.user = "nobody";
  read_command(table, exec);
  read_user(table, exec);
  check.method = std::move(exec);
}

}  // namespace hlb::config
