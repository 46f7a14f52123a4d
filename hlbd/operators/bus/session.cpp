#include "operators/bus/session.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "libnss_hlb/bus.h"
#include "operators/bus/versions.h"
#include "system/scope.h"

namespace hlb::bus {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;
using Socket = asio::posix::stream_descriptor;

constexpr auto kFirstRetry = 1s;
constexpr auto kLastRetry = 30s;
constexpr auto kCallLimit = 1s;  // for the one blocking call: taking the name
// Time for calls, after which what there is to tell has its turn.
constexpr auto kTimePerTurn = 2ms;
constexpr std::size_t kEventsPerTurn = 32;

std::unique_ptr<sdbus::IConnection> connect(BusKind kind) {
  return kind == BusKind::system ? sdbus::createSystemBusConnection()
                                 : sdbus::createSessionBusConnection();
}

// Waits until the bus has sent something, or the time is over, or `limit` is made to expire.
asio::awaitable<void> wait(Socket& socket, int timeout_ms, asio::steady_timer& limit) {
  limit.expires_at(asio::steady_timer::time_point::max());
  if (timeout_ms > 0) limit.expires_after(std::chrono::milliseconds(timeout_ms));
  co_await (socket.async_wait(Socket::wait_read, asio::use_awaitable) ||
            limit.async_wait(kAsTuple));
}

}  // namespace

Session::Session(asio::io_context& io, BusKind kind, LoopSide& loop, News& news,
                 OnTrouble on_trouble)
    : io_(io),
      kind_(kind),
      loop_(loop),
      news_(news),
      on_trouble_(std::move(on_trouble)),
      wake_(io) {}

void Session::start(const std::shared_ptr<Session>& session) {
  asio::co_spawn(session->io_, run(session), [](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
  });
}

// Sets a time that is over, since the wait that it is to end may be about to begin.
void Session::wake() {
  wake_.expires_at(asio::steady_timer::time_point::min());
}

asio::awaitable<void> Session::run(std::shared_ptr<Session> session) {
  std::chrono::seconds pause = kFirstRetry;
  for (;;) {
    const bool served = co_await session->attempt();
    pause = served ? kFirstRetry : pause;
    asio::steady_timer timer(session->io_, pause);
    co_await timer.async_wait(asio::use_awaitable);
    pause = std::min(pause * 2, std::chrono::seconds(kLastRetry));
  }
}

// Serves until the bus goes away. Returns false when it was never there.
asio::awaitable<bool> Session::attempt() {
  bool served = false;
  try {
    co_await expect_answer(io_, kind_);
    co_await open();
    last_trouble_.clear();
    served = true;
    co_await serve();
  } catch (const std::exception& failure) {
    report(served ? "lost" : "cannot join", failure.what());
  }
  leave();
  co_return served;
}

asio::awaitable<void> Session::open() {
  connection_ = connect(kind_);
  socket_.emplace(io_, ::dup(connection_->getEventLoopPollData().fd));
  connection_->setMethodCallTimeout(kCallLimit);
  loop_.forget();
  objects_.emplace(*connection_, loop_, [this] { wake(); });
  while (objects_->tree.step())
    co_await asio::post(asio::use_awaitable);
  news_.forget_events();
  connection_->requestName(BusName{kName});
  objects_->tree.announce_from_now_on();
}

asio::awaitable<void> Session::serve() {
  for (;;) {
    if (bus_is_full()) {
      co_await socket_->async_wait(Socket::wait_write, asio::use_awaitable);
      answer_one();  // sends first what waits
      continue;
    }
    bool more = answer_some();
    more |= !bus_is_full() && tell_some();
    const int timeout_ms = connection_->getEventLoopPollData().getPollTimeout();
    if (more || timeout_ms == 0) {
      co_await asio::post(asio::use_awaitable);
    } else if (!bus_is_full()) {
      co_await wait(*socket_, timeout_ms, wake_);
    }
  }
}

// Returns whether something waits that the bus hasn't taken.
bool Session::bus_is_full() const {
  return (connection_->getEventLoopPollData().events & POLLOUT) != 0;
}

// Returns false when there was nothing to do.
bool Session::answer_one() {
  loop_.forget();
  return process(*connection_);
}

bool Session::answer_some() {
  const auto end = std::chrono::steady_clock::now() + kTimePerTurn;
  while (std::chrono::steady_clock::now() < end) {
    if (!answer_one()) return false;
    if (bus_is_full()) break;
  }
  return true;
}

// Tells some of what there is to tell, and answers a call that has waited. Returns whether there is
// more.
bool Session::tell_some() {
  const News::Some news = news_.take(kEventsPerTurn);
  if (news.dropped > 0) {
    on_trouble_(fmt::format("the {} bus took nothing for so long that {} events weren't told to it",
                            name_of_bus(), news.dropped));
  }
  loop_.forget();
  if (news.configured) objects_->tree.outdated();
  for (const Event& event : news.events) {
    objects_->manager.announce(event);
    objects_->tree.changed(event.service, event.address);
  }
  if (news.overview_changed) objects_->manager.tell_overview();
  const bool more_calls = objects_->manager.answer_next();
  const bool more_objects = objects_->tree.step();
  return more_calls || more_objects || news.more;
}

void Session::leave() {
  // Closing the connection waits until all is sent that it has to send, for ever where the bus is
  // frozen; but not when nothing can be sent any more.
  if (socket_) ::shutdown(socket_->native_handle(), SHUT_RDWR);
  objects_.reset();
  connection_.reset();
}

void Session::report(const std::string& what, const char* reason) {
  std::string trouble = fmt::format("{} the {} bus: {}", what, name_of_bus(), reason);
  if (trouble == last_trouble_) return;
  last_trouble_ = trouble;
  on_trouble_(std::move(trouble));
}

std::string Session::name_of_bus() const {
  return kind_ == BusKind::system ? "system" : "session";
}

}  // namespace hlb::bus
