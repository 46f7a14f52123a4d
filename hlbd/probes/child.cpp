#include "probes/child.h"

#include <sys/wait.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <string>
#include <utility>

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kReadable = asio::posix::descriptor_base::wait_read;

}  // namespace

// Shared with the handlers, which may be on their way already when the child goes.
struct Child::Running {
  explicit Running(const asio::any_io_executor& executor) : process(executor), output(executor) {}

  std::error_code watch() {
    error_code error;
    process.assign(spawned.process.get(), error);
    if (error) return error;
    spawned.process.release();
    output.assign(spawned.output.get(), error);
    if (error) return error;
    spawned.output.release();
    return {};
  }

  // Reads once, without waiting; false at the end of the output, or when there is none now.
  enum class Read { some, none, end };
  Read read() {
    std::array<char, 16'384> space;
    const ssize_t count = ::read(output.native_handle(), space.data(), space.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return Read::none;
    if (count <= 0) return Read::end;
    const std::string_view arrived(space.data(), static_cast<std::size_t>(count));
    kept += arrived.substr(0, kMaxOutput - kept.size());
    return Read::some;
  }

  // Waits and then reads, rather than have Asio read: so nothing is on its way, read and not yet
  // taken, when the program ends.
  static void drain(const std::shared_ptr<Running>& self) {
    self->output.async_wait(kReadable, [self](const error_code& closed) {
      if (!closed && self->read() != Read::end) drain(self);
    });
  }

  void read_rest() {
    while (kept.size() < kMaxOutput && read() == Read::some) {
    }
  }

  // The pidfd, wherever it is now.
  Descriptor take_process() {
    return process.is_open() ? Descriptor(process.release()) : std::move(spawned.process);
  }

  Spawned spawned;
  asio::posix::stream_descriptor process;
  asio::posix::stream_descriptor output;
  std::string kept;
  bool awaited = false;
};

Child::Child(asio::any_io_executor executor, std::shared_ptr<Children> children)
    : executor_(std::move(executor)), children_(std::move(children)) {}

// Still awaited, by a coroutine that isn't resumed any more: the loop is going.
Child::~Child() {
  if (running_ == nullptr) return;
  const pid_t id = running_->spawned.id;
  Descriptor process = running_->take_process();
  error_code ignored;
  running_->output.close(ignored);
  if (running_->awaited) {
    children_->end_now(id);
  } else {
    children_->end(id, std::move(process));
  }
}

std::error_code Child::start(const Program& program) {
  std::error_code error;
  Spawned spawned = spawn(program, error);
  if (error) return error;
  children_->add(spawned.id);
  running_ = std::make_shared<Running>(executor_);
  running_->spawned = std::move(spawned);
  error = running_->watch();
  if (!error) Running::drain(running_);
  return error;
}

asio::awaitable<std::optional<Child::End>> Child::end(
    std::chrono::steady_clock::time_point deadline) {
  asio::steady_timer timer(executor_, deadline);
  timer.async_wait([running = running_](const error_code& cancelled) {
    error_code ignored;
    if (!cancelled && running->awaited) running->process.cancel(ignored);
  });
  running_->awaited = true;
  const auto [error] =
      co_await running_->process.async_wait(kReadable, asio::as_tuple(asio::use_awaitable));
  running_->awaited = false;
  if (error) co_return std::nullopt;
  running_->read_rest();
  co_return how_it_ended();
}

std::string_view Child::output() const {
  return running_->kept;
}

// Leaves it to be reaped, so that its process group can't become another's before it is killed.
Child::End Child::how_it_ended() const {
  if (const auto failure = failure_of(running_->spawned)) return {.not_started = failure};
  siginfo_t info{};
  const auto id = static_cast<id_t>(running_->spawned.id);
  if (waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
    return {.not_started = StartFailure{StartFailure::Step::prepare, errno}};
  }
  if (info.si_code == CLD_EXITED) return {.not_started = {}, .exit_code = info.si_status};
  return {.not_started = {}, .signal = info.si_status};
}

}  // namespace hlb::probes
