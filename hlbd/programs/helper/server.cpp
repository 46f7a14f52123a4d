// The server is one thread, which waits for nothing but its own poll(2).
#include "programs/helper/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <system_error>
#include <utility>

namespace hlb::programs {
namespace {

using std::chrono::milliseconds;

constexpr int kMessagesPerTurn = 16;  // of one connection
// The time between two looks at what was killed: when some of it has died since, and when none has.
constexpr milliseconds kSweepAfterDeath{10};
constexpr milliseconds kSettling{100};
constexpr milliseconds kLongestWait{60'000};

FileDescriptor block_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT})
    sigaddset(&wanted, signal);
  sigprocmask(SIG_BLOCK, &wanted, nullptr);
  return FileDescriptor(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

// Sets SIGCHLD to its default: were it ignored, as whoever started the helper may have left it, the
// kernel would reap the children.
void heed_deaths() {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &action, nullptr);
}

Ending not_begun(int error) {
  return {Ending::How::not_started, Ending::Step::prepare, error};
}

}  // namespace

struct Server::Watch {
  int fd;
  short events;
  std::function<void()> handler;
};

Server::Server(FileDescriptor socket)
    : listens_(helpers::is_listening(socket.get())), signals_(block_signals()) {
  heed_deaths();
  if (listens_) {
    (void)fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    listener_ = std::move(socket);
  } else {
    connections_.emplace(++last_client_, std::move(socket));
  }
  if (manager_.watchdog_interval()) alive_due_ = Monotonic::now();
}

void Server::run() {
  manager_.ready();
  while (!stopped_ && !is_idle()) {
    tell_that_we_live();
    wait(watches());
    bury_the_dead();
    end_the_late();
    drop_the_gone();
    sweep();
  }
  manager_.stopping();
}

std::vector<Server::Watch> Server::watches() {
  std::vector<Watch> all;
  all.push_back({signals_.get(), POLLIN, [this] { take_signals(); }});
  if (listens_ && connections_.size() < kMaxConnections)
    all.push_back({listener_.get(), POLLIN, [this] { welcome(); }});
  for (const auto& [client, connection] : connections_) {
    const short events = connection.has_unsent() ? POLLOUT : POLLIN;
    all.push_back({connection.socket(), events, [this, number = client] { serve(number); }});
  }
  for (const auto& [process, program] : running_) {
    if (program.output() < 0) continue;
    all.push_back({program.output(), POLLIN, [this, id = process] { read_output(id); }});
  }
  return all;
}

// Waits until something happens, or until there is something to do by the clock.
void Server::wait(const std::vector<Watch>& watched) {
  std::vector<pollfd> polled;
  polled.reserve(watched.size());
  for (const Watch& each : watched)
    polled.push_back({each.fd, each.events, 0});
  const auto left = std::chrono::ceil<milliseconds>(next_turn() - Monotonic::now());
  const auto limit = std::clamp(left, milliseconds(0), kLongestWait);
  const int ready = poll(polled.data(), polled.size(), static_cast<int>(limit.count()));
  // It fails when a program of the same user has lowered this process's limits; a new helper has
  // its own.
  if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  if (ready <= 0) return;
  for (std::size_t index = 0; index < polled.size(); ++index) {
    if (polled[index].revents != 0) watched[index].handler();
  }
}

Server::Monotonic::time_point Server::next_turn() const {
  const auto now = Monotonic::now();
  auto next = now + kLongestWait;
  if (trees_.settling()) next = last_sweep_ + (deaths_ ? kSweepAfterDeath : kSettling);
  if (alive_due_) next = std::min(next, *alive_due_);
  if (listens_) next = std::min(next, last_used_ + kIdle);
  for (const auto& [process, program] : running_)
    next = std::min(next, program.deadline());
  return next;
}

void Server::take_signals() {
  signalfd_siginfo info{};
  while (read(signals_.get(), &info, sizeof info) == sizeof info)
    stopped_ = stopped_ || info.ssi_signo != SIGCHLD;
}

void Server::welcome() {
  FileDescriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.valid()) connections_.emplace(++last_client_, std::move(socket));
}

void Server::serve(Client client) {
  DaemonConnection& connection = connections_.at(client);
  connection.send_more();
  for (int left = kMessagesPerTurn; left > 0; --left) {
    const auto message = connection.next();
    if (!message) return;
    if (const auto* request = std::get_if<RunRequest>(&*message)) {
      begin(client, *request);
    } else if (const auto* cancelled = std::get_if<Cancel>(&*message)) {
      cancel(client, cancelled->id);
    } else {
      connection.end();
    }
  }
}

void Server::begin(Client client, const RunRequest& request) {
  DaemonConnection& connection = connections_.at(client);
  if (find(client, request.id) != running_.end()) return connection.end();
  if (trees_.size() >= kMaxPrograms) return connection.send({request.id, not_begun(EAGAIN), "", 0});
  auto cgroup = cgroups_.make();
  auto spawned = spawn(request.program, cgroup ? cgroup->entrance() : -1);
  if (!spawned) {
    if (cgroup) cgroup->remove();
    return connection.send({request.id, not_begun(spawned.error().value()), "", 0});
  }
  const pid_t process = spawned->id;
  trees_.add(process, std::move(cgroup));
  running_.emplace(process, Running(client, request, *std::move(spawned)));
}

// Finds none of that id when it has ended meanwhile.
void Server::cancel(Client client, Id id) {
  const auto found = find(client, id);
  if (found == running_.end()) return;
  trees_.end(found->first);
  running_.erase(found);
}

Server::Programs::iterator Server::find(Client client, Id id) {
  return std::ranges::find_if(running_, [&](const auto& each) {
    return each.second.client() == client && each.second.id() == id;
  });
}

void Server::read_output(pid_t process) {
  const auto found = running_.find(process);
  if (found != running_.end()) found->second.read_output();
}

void Server::bury_the_dead() {
  while (const auto death = Trees::next_death()) {
    deaths_ = true;
    const auto found = running_.find(death->process);
    if (found != running_.end())
      finish(found, found->second.ended(death->exit_code, death->signal));
    Trees::reap(death->process);
  }
}

// Waits a while between sweeps rather than sweep after each death, as each takes a look at every
// child.
void Server::sweep() {
  const auto now = Monotonic::now();
  if (now < last_sweep_ + (deaths_ ? kSweepAfterDeath : kSettling)) return;
  if (deaths_ || trees_.settling()) trees_.sweep();
  deaths_ = false;
  last_sweep_ = now;
}

void Server::end_the_late() {
  const auto now = Monotonic::now();
  for (auto next = running_.begin(); next != running_.end();) {
    const auto program = next++;
    if (program->second.deadline() <= now) finish(program, program->second.timed_out());
  }
}

// Answers, and ends what the program has left running. A dead program is not reaped yet, so that
// its process group can't have become another's.
void Server::finish(Programs::iterator program, const RunReply& reply) {
  connections_.at(program->second.client()).send(reply);
  trees_.end(program->first);
  running_.erase(program);
}

void Server::drop_the_gone() {
  for (auto next = running_.begin(); next != running_.end();) {
    const auto program = next++;
    if (!connections_.at(program->second.client()).over()) continue;
    trees_.end(program->first);
    running_.erase(program);
  }
  std::erase_if(connections_, [](const auto& each) { return each.second.over(); });
  if (!connections_.empty()) last_used_ = Monotonic::now();
}

bool Server::is_idle() const {
  if (!connections_.empty()) return false;
  return !listens_ || Monotonic::now() >= last_used_ + kIdle;
}

void Server::tell_that_we_live() {
  const auto now = Monotonic::now();
  if (!alive_due_ || now < *alive_due_) return;
  manager_.alive();
  alive_due_ = now + *manager_.watchdog_interval() / 3;
}

}  // namespace hlb::programs
