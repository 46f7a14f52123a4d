#include "programs/runner.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <system_error>
#include <utility>
#include <variant>

#include "system/scope.h"

namespace hlb::programs {
namespace {

namespace asio = boost::asio;
using helpers::HelperLink;
using Fate = RunResult::Fate;

constexpr const char* kName = "hlb-programs";
constexpr const char* kGone = "hlb-programs has gone";
constexpr const char* kHung = "hlb-programs does not answer";

RunResult without_answer(Fate fate, std::string trouble) {
  return {fate, {}, "", std::move(trouble), {}};
}

}  // namespace

// A program that was asked for, until its answer is there. The coroutine that has it may be
// destroyed with the loop meanwhile.
class Runner::Call {
 public:
  Call(Runner& client, Id id, Monotonic::time_point time_up)
      : client_(client), id_(id), time_up_(time_up), wake_(client.executor_) {
    client_.calls_.emplace(id_, this);
    client_.link_->listen(true);
  }
  ~Call() {
    client_.calls_.erase(id_);
    if (client_.calls_.empty() && client_.link_ != nullptr) client_.link_->listen(false);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void end(RunResult result) {
    result_ = std::move(result);
    wake_.cancel();
  }

  // The answer; nullopt when there is none in time, or it is no longer awaited, which `cancelled`
  // tells.
  asio::awaitable<std::optional<RunResult>> answer(bool& cancelled) {
    while (!result_ && !cancelled && Monotonic::now() < deadline()) {
      wake_.expires_at(deadline());
      const auto [error] = co_await wake_.async_wait(kAsTuple);
      cancelled = !result_ && error;
    }
    co_return std::move(result_);
  }

 private:
  // A helper that is busy with other programs isn't hung.
  Monotonic::time_point deadline() const {
    const auto patient = std::max(time_up_, client_.last_answer_) + kGrace;
    return std::min(patient, time_up_ + kPatience);
  }

  Runner& client_;
  Id id_;
  Monotonic::time_point time_up_;
  asio::steady_timer wake_;
  std::optional<RunResult> result_;
};

Runner::Runner(asio::any_io_executor executor, HelperSettings settings)
    : executor_(std::move(executor)), settings_(std::move(settings)) {}

Runner::~Runner() {
  if (link_ != nullptr) link_->close();
}

asio::awaitable<RunResult> Runner::run(Program program) {
  return await_end(shared_from_this(), std::move(program));
}

asio::awaitable<RunResult> Runner::await_end(std::shared_ptr<Runner> self, Program program) {
  const Id id = ++self->last_id_;
  const auto time_up = Monotonic::now() + program.timeout;
  if (const auto asked = self->ask({id, std::move(program)}); !asked)
    co_return without_answer(Fate::not_asked, asked.error());
  Call call(*self, id, time_up);
  bool cancelled = false;
  if (auto result = co_await call.answer(cancelled)) co_return std::move(*result);
  if (!cancelled) {
    self->lose(kHung);
    co_return without_answer(Fate::no_answer, kHung);
  }
  self->cancel(id);
  co_return without_answer(Fate::cancelled, "cancelled");
}

void Runner::cancel(Id id) {
  if (link_ != nullptr && !link_->send(*encode(Cancel{id}))) lose(kGone);
}

// Asks over a new connection if the one there was has ended unnoticed.
tl::expected<void, std::string> Runner::ask(const RunRequest& request) {
  const auto message = encode(request);
  if (!message) return tl::unexpected(std::generic_category().message(E2BIG));
  if (link_ != nullptr && link_->send(*message)) return {};
  lose(kGone);
  const auto connected = connect();
  if (connected && link_->send(*message)) return {};
  const std::string trouble = connected ? kGone : connected.error();
  tell(trouble);
  return tl::unexpected(trouble);
}

tl::expected<void, std::string> Runner::connect() {
  auto socket = settings_.socket.empty() ? start_own() : reach();
  if (!socket) return tl::unexpected(std::move(socket).error());
  auto link = HelperLink::over(executor_, *std::move(socket), events(), kName);
  if (!link) return tl::unexpected(std::move(link).error());
  link_ = *std::move(link);
  return {};
}

// They hold the runner weakly, as an event may be under way when it goes.
HelperLink::Events Runner::events() {
  const auto weak = weak_from_this();
  return {.packet =
              [weak](std::span<const std::uint8_t> packet) {
                const auto client = weak.lock();
                return client != nullptr && client->answered(packet);
              },
          .end =
              [weak] {
                if (const auto client = weak.lock()) client->lose(kGone);
              }};
}

tl::expected<FileDescriptor, std::string> Runner::reach() const {
  return helpers::connect_to(settings_.socket).map_error([](const std::error_code& error) {
    return "can't reach hlb-programs: " + error.message();
  });
}

tl::expected<FileDescriptor, std::string> Runner::start_own() {
  if (last_start_ && Monotonic::now() < *last_start_ + kPause)
    return tl::unexpected(std::string(kGone));
  if (!last_start_ && settings_.on_own) settings_.on_own();
  last_start_ = Monotonic::now();
  return own_.start().map_error(
      [](const std::error_code& error) { return "can't start hlb-programs: " + error.message(); });
}

bool Runner::answered(std::span<const std::uint8_t> packet) {
  auto message = decode(packet);
  auto* reply = message ? std::get_if<RunReply>(&*message) : nullptr;
  if (reply == nullptr) return false;
  tell("");
  last_answer_ = Monotonic::now();
  const auto call = calls_.find(reply->id);
  if (call == calls_.end()) return true;  // cancelled meanwhile
  const Monotonic::time_point time_up{std::chrono::nanoseconds(reply->time_up)};
  call->second->end({Fate::ended, reply->ending, std::move(reply->output), "", time_up});
  return true;
}

void Runner::lose(const std::string& trouble) {
  if (link_ == nullptr) return;
  std::exchange(link_, nullptr)->close();
  tell(trouble);
  for (const auto& [id, call] : calls_)
    call->end(without_answer(Fate::no_answer, trouble));
}

void Runner::tell(const std::string& trouble) {
  if (std::exchange(told_, trouble) == trouble) return;
  if (settings_.on_trouble) settings_.on_trouble(trouble);
}

}  // namespace hlb::programs
