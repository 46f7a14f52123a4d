#include "ctl/import/own_dnsmasq.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <random>
#include <thread>
#include <utility>

#include "ctl/import/dns_question.h"
#include "system/file_descriptor.h"
#include "system/last_error.h"
#include "system/socket_address.h"
#include "system/whole_file.h"
#include "text/printable.h"

namespace hlb::ctl {

namespace {

using namespace std::chrono_literals;

// Where it may be, as search paths of users often lack the folders of administrators.
constexpr std::array<const char*, 3> kPrograms = {"/usr/sbin/dnsmasq", "/usr/bin/dnsmasq",
                                                  "/usr/local/sbin/dnsmasq"};

const char* find_program() {
  for (const char* const program : kPrograms)
    if (access(program, X_OK) == 0) return program;
  return nullptr;
}

bool is_free(const Endpoint& endpoint, int type) {
  const FileDescriptor socket(::socket(domain_of(endpoint.address.family), type | SOCK_CLOEXEC, 0));
  const SocketAddress address(endpoint);
  return socket.valid() && bind(socket.get(), address.get(), address.size()) == 0;
}

Endpoint free_endpoint() {
  std::random_device random;
  std::uniform_int_distribution<std::uint16_t> port(20000, 32000);
  Endpoint endpoint{Address::parse("127.0.0.1").value(), port(random)};
  while (!is_free(endpoint, SOCK_DGRAM) || !is_free(endpoint, SOCK_STREAM))
    endpoint.port = port(random);
  return endpoint;
}

// A file in memory with the text of all lines, to be read from its start.
FileDescriptor file_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  FileDescriptor file(memfd_create("dnsmasq.conf", MFD_CLOEXEC));
  const bool written =
      write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && lseek(file.get(), 0, SEEK_SET) == 0) return file;
  return FileDescriptor(-1);
}

// Becomes dnsmasq, with its configuration as standard input; never returns.
[[noreturn]] void become(const char* program, const Endpoint& endpoint, int configuration,
                         int messages) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string port = "--port=" + std::to_string(endpoint.port);
  const std::array<const char*, 10> arguments = {program,
                                                 "--conf-file=-",
                                                 "--keep-in-foreground",
                                                 "--pid-file=",
                                                 "--log-facility=-",
                                                 "--bind-interfaces",
                                                 "--listen-address=127.0.0.1",
                                                 port.c_str(),
                                                 geteuid() == 0 ? "--user=root" : nullptr,
                                                 nullptr};
  dup2(configuration, STDIN_FILENO);
  dup2(messages, STDOUT_FILENO);
  dup2(messages, STDERR_FILENO);
  execv(program, const_cast<char* const*>(arguments.data()));
  _exit(127);
}

std::string last_line(const FileDescriptor& messages) {
  constexpr std::size_t kMost = 65536;
  lseek(messages.get(), 0, SEEK_SET);
  std::string text = read_up_to(messages, kMost).value_or("");
  while (text.ends_with('\n'))
    text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

bool has_ended(pid_t process) {
  siginfo_t ended{};
  return waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == process;
}

// Whether it answers within a while, in which it may end.
bool becomes_ready(pid_t process, const Endpoint& endpoint) {
  constexpr auto kPatience = 10s;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!has_ended(process) && std::chrono::steady_clock::now() < until) {
    if (ask_dns(endpoint, "localhost", Address::Family::ipv4, 200ms)) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace

tl::expected<OwnDnsmasq, std::string> OwnDnsmasq::start(const std::vector<std::string>& lines) {
  const char* const program = find_program();
  if (program == nullptr) {
    return tl::unexpected<std::string>(
        "there is no dnsmasq to ask; run it, or install dnsmasq-base");
  }
  const FileDescriptor configuration = file_of(lines);
  const FileDescriptor messages(memfd_create("dnsmasq.log", MFD_CLOEXEC));
  const Endpoint endpoint = free_endpoint();
  const pid_t process = configuration.valid() && messages.valid() ? fork() : -1;
  if (process == 0) become(program, endpoint, configuration.get(), messages.get());
  if (process < 0) return tl::unexpected("no dnsmasq can be run: " + last_error().message());
  OwnDnsmasq started(process, endpoint);
  if (becomes_ready(process, endpoint)) return started;
  return tl::unexpected("a dnsmasq with this configuration doesn't answer: " +
                        text::readable(last_line(messages), 300));
}

OwnDnsmasq::OwnDnsmasq(OwnDnsmasq&& other) noexcept
    : process_(std::exchange(other.process_, 0)), endpoint_(other.endpoint_) {}

OwnDnsmasq& OwnDnsmasq::operator=(OwnDnsmasq&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(endpoint_, other.endpoint_);
  return *this;
}

OwnDnsmasq::~OwnDnsmasq() {
  if (process_ == 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

}  // namespace hlb::ctl
