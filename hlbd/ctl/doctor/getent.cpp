#include "ctl/doctor/getent.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>

#include "system/whole_file.h"
#include "text/address.h"

namespace hlb::ctl::doctor {
namespace {

constexpr std::array<const char*, 2> kGetentPlaces = {"/usr/bin/getent", "/bin/getent"};
constexpr std::size_t kMostPrinted = 1U << 20U;
constexpr int kCantRun = 125;  // exit codes: our own, and
constexpr int kNotFound = 2;   // getent's for a key that it doesn't find

bool same_architecture(const Elf& one, const Elf& other) {
  return one.bits == other.bits && one.machine == other.machine;
}

std::vector<char*> as_pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What a program has printed, and how it ended.
struct Printed {
  std::string text;
  int exit_code = kCantRun;
};

[[noreturn]] void run_getent(int file, const std::string& loader, std::vector<std::string>& words,
                             std::vector<std::string>& environment, int out) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  const std::vector<char*> arguments = as_pointers(words);
  const std::vector<char*> variables = as_pointers(environment);
  if (loader.empty()) {
    ::syscall(SYS_execveat, file, "", arguments.data(), variables.data(), AT_EMPTY_PATH);
  } else {
    ::execve(loader.c_str(), arguments.data(), variables.data());
  }
  ::dprintf(out, "%s\n", std::strerror(errno));
  ::_exit(kCantRun);
}

Printed printed_by(int file, const std::string& loader, std::vector<std::string> words,
                   std::vector<std::string> environment) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return {};
  const FileDescriptor in(pipe[0]);
  FileDescriptor out(pipe[1]);
  const pid_t child = ::fork();
  if (child == 0) run_getent(file, loader, words, environment, out.get());
  if (child < 0) return {};
  out = FileDescriptor(-1);
  Printed printed;
  printed.text = read_up_to(in, kMostPrinted).value_or("");
  if (printed.text.size() == kMostPrinted) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) printed.exit_code = WEXITSTATUS(status);
  return printed;
}

// The answers of "getent ahosts NAME …": an address a line with a type of socket; the first line of
// an answer has a name as well. The answers of "getent hosts NAME": an address and a name.
Answers answers_in(const std::string& text, bool by_type) {
  Answers answers;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string address;
    std::string type;
    std::string name;
    words >> address >> type >> name;
    const auto parsed = Address::parse(address);
    if (!parsed || (by_type && type != "STREAM")) continue;
    if (answers.empty() || (by_type && !name.empty())) answers.emplace_back();
    answers.back().push_back(parsed->to_string());
  }
  return answers;
}

}  // namespace

Getent::Getent(const Host& machine) : file_(-1) {
  for (const char* place : kGetentPlaces) {
    if (!file_.valid()) file_ = machine.open(place);
  }
}

tl::expected<void, std::string> Getent::choose_for(const Elf& program) {
  for (const char* place : kGetentPlaces) {
    FileDescriptor file(::open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.valid() || !path_.empty() || ::access(place, X_OK) != 0) continue;
    const auto elf = Elf::read(file);
    if (!elf || !same_architecture(*elf, program)) continue;
    path_ = place;
    if (elf->interpreter != program.interpreter) loader_ = program.interpreter;
    file_ = std::move(file);
  }
  if (!path_.empty()) return {};
  if (!file_.valid()) return tl::unexpected(std::string("there is no getent"));
  const auto ours = Elf::read(file_);
  if (!ours || !same_architecture(*ours, program) || ours->interpreter != program.interpreter)
    return tl::unexpected(std::string("there is no getent of its kind"));
  return {};
}

tl::expected<Answers, std::string> Getent::look_up(
    const std::string& name, std::size_t times, const std::vector<std::string>& environment) const {
  const auto call = [&](const char* database) {
    std::vector<std::string> words;
    if (!loader_.empty()) words.emplace_back(loader_);
    words.emplace_back(path_.empty() ? "getent" : path_);
    words.emplace_back(database);
    words.insert(words.end(), times, name);
    return printed_by(file_.get(), loader_, std::move(words), environment);
  };
  Printed printed = call("ahosts");
  Answers answers = answers_in(printed.text, true);
  // ahosts leaves out a family that no interface has an address of, which not every program does.
  if (answers.empty() && printed.exit_code == kNotFound) {
    printed = call("hosts");
    answers = answers_in(printed.text, false);
  }
  if (!answers.empty() || printed.exit_code == kNotFound) return answers;
  const std::string said = printed.text.substr(0, printed.text.find('\n'));
  return tl::unexpected(said.empty() ? fmt::format("getent fails ({})", printed.exit_code) : said);
}

}  // namespace hlb::ctl::doctor
