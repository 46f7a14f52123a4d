#include "operators/bus/system_bus.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "operators/bus/loop_side.h"
#include "operators/bus/news.h"
#include "operators/bus/session.h"
#include "system/loop_calls.h"
#include "system/thread.h"

namespace hlb::bus {
namespace {

namespace asio = boost::asio;

// A second each for connecting and for taking the name, and some more.
constexpr std::chrono::seconds kLongestEnd{3};

// Has the loop of `io` call what it is given, for as long as that is there.
LoopSide::Deliver deliver_to(const std::shared_ptr<asio::io_context>& io) {
  return [weak = std::weak_ptr(io)](std::function<void()> done) {
    if (const auto still = weak.lock()) asio::post(*still, std::move(done));
  };
}

}  // namespace

// Everything that the loop and the bus's thread share.
class SystemBus::Side {
 public:
  Side(asio::io_context& loop, BusKind kind, Offer offer, TroubleHandler on_trouble)
      : on_trouble_(std::move(on_trouble)),
        calls_([&loop](std::function<void()> turn) { asio::post(loop, std::move(turn)); }),
        loop_side_(std::move(offer), calls_, deliver_to(io_)),
        news_([this] { asio::post(*io_, [this] { session_->wake(); }); }),
        session_(std::make_shared<Session>(
            *io_, kind, loop_side_, news_,
            [this](std::string trouble) { tell_loop([&] { on_trouble_(std::move(trouble)); }); })) {
  }

  // Called by the bus's thread; returns after end(). An exception is a broken invariant: it ends
  // the loop's run(), and with it hlbd.
  void serve() {
    std::exception_ptr failure;
    try {
      Session::start(session_);
      io_->run();
    } catch (...) {
      failure = std::current_exception();
    }
    session_->leave();
    if (failure) tell_loop([&] { std::rethrow_exception(failure); });
  }

  // Called by the loop, which answers nothing from then on.
  void end() {
    calls_.close();
    io_->stop();
  }

  News& news() { return news_; }

 private:
  template <typename Tell>
  void tell_loop(Tell tell) {
    try {
      calls_.ask(tell);
    } catch (const LoopCalls::Ended&) {
      // Nobody is told any more.
    }
  }

  const std::shared_ptr<asio::io_context> io_ = std::make_shared<asio::io_context>(1);
  const TroubleHandler on_trouble_;
  LoopCalls calls_;
  LoopSide loop_side_;
  News news_;
  const std::shared_ptr<Session> session_;  // shared with its coroutine
};

SystemBus::SystemBus(asio::io_context& loop, BusKind kind, Offer offer, TroubleHandler on_trouble)
    : side_(std::make_shared<Side>(loop, kind, std::move(offer), std::move(on_trouble))) {
  const auto over = std::make_shared<std::promise<void>>();
  thread_is_over_ = over->get_future();
  thread_ = start_thread("bus", [side = side_, over] {
    side->serve();
    over->set_value();
  });
}

SystemBus::~SystemBus() {
  side_->end();
  if (thread_is_over_.wait_for(kLongestEnd) == std::future_status::ready) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void SystemBus::announce(Event event) {
  side_->news().add(std::move(event));
}

void SystemBus::overview_changed() {
  side_->news().overview_changed();
}

void SystemBus::configured() {
  side_->news().configured();
}

}  // namespace hlb::bus
