#include "tests/bench/worker.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <stdexcept>
#include <string_view>

#include "tests/bench/batch.h"

namespace hlb::bench {
namespace {

constexpr char kGo = 'g';
constexpr std::size_t kLongestReply = 256;

void reply(int socket, const std::string& text) {
  if (send(socket, text.data(), std::min(text.size(), kLongestReply), MSG_NOSIGNAL) < 0) _exit(1);
}

// A reply is the figure, or a reason that isn't one.
[[noreturn]] void serve(int socket, const Case& measured, unsigned core) {
  try {
    Batch batch;
    char word = 0;
    while (recv(socket, &word, 1, 0) == 1) {
      if (!batch) batch = prepare(measured, core);
      reply(socket, std::to_string(batch()));
    }
  } catch (const std::exception& error) {
    reply(socket, error.what());
    _exit(1);
  }
  _exit(0);
}

}  // namespace

Worker::Worker(const Case& measured, unsigned core) : name_(measured.name) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::runtime_error("no socket for a worker");
  }
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    serve(ends[1], measured, core);
  }
  close(ends[1]);
  socket_ = ends[0];
}

Worker::~Worker() {
  shutdown(socket_, SHUT_RDWR);  // closing alone isn't seen: later workers inherited this end
  close(socket_);
  if (process_ > 0) waitpid(process_, nullptr, 0);
}

double Worker::batch() const {
  send(socket_, &kGo, 1, MSG_NOSIGNAL);
  std::array<char, kLongestReply> text{};
  const ssize_t size = recv(socket_, text.data(), text.size(), 0);
  if (size <= 0) throw std::runtime_error("its process ended");
  const std::string_view words(text.data(), static_cast<std::size_t>(size));
  double nanoseconds = 0;
  const char* end = words.data() + words.size();
  const auto [rest, error] = std::from_chars(words.data(), end, nanoseconds);
  if (error != std::errc() || rest != end) {
    throw std::runtime_error(std::string(words));
  }
  return nanoseconds;
}

}  // namespace hlb::bench
