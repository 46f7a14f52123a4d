#include "bus/system_bus.h"

#include <poll.h>
#include <sdbus-c++/sdbus-c++.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bus/manager_object.h"
#include "bus/object_tree.h"
#include "bus/resolver_object.h"
#include "bus/versions.h"
#include "libnss_hlb/bus.h"

namespace hlb::bus {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;
using Local = asio::local::stream_protocol;

constexpr auto kFirstRetry = 1s;
constexpr auto kLastRetry = 30s;
constexpr auto kGreetingLimit = 2s;
constexpr auto kCallLimit = 1s;  // for the one blocking call: taking the name
// For requests, and then the rest of the loop has its turn: so that whoever asks for all backends
// again and again delays no check by more than one answer.
constexpr auto kTimePerTurn = 2ms;
constexpr int kEventsPerTurn = 32;

std::string bus_address(BusKind kind) {
  const bool system = kind == BusKind::system;
  const char* given =
      ::secure_getenv(system ? "DBUS_SYSTEM_BUS_ADDRESS" : "DBUS_SESSION_BUS_ADDRESS");
  if (given != nullptr) return given;
  if (system) return "unix:path=/run/dbus/system_bus_socket";
  const char* folder = ::secure_getenv("XDG_RUNTIME_DIR");
  return folder == nullptr ? "" : "unix:path=" + std::string(folder) + "/bus";
}

// The bus's socket, where its address is of the plain form that all have.
std::optional<Local::endpoint> bus_socket(BusKind kind) {
  constexpr std::string_view kPlain = "unix:path=";
  const std::string address = bus_address(kind);
  if (!address.starts_with(kPlain) || address.find_first_of("%;") != std::string::npos) return {};
  const std::string path = address.substr(kPlain.size(), address.find(',') - kPlain.size());
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return {};
  return Local::endpoint(path);
}

// Opens the D-Bus handshake and waits for the first byte of a reply.
asio::awaitable<boost::system::error_code> greet(asio::io_context& io, Local::endpoint at) {
  Local::socket socket(io);
  boost::system::error_code error;
  auto resume = asio::redirect_error(asio::use_awaitable, error);
  constexpr std::string_view kHello("\0AUTH\r\n", 7);
  char first = 0;
  co_await socket.async_connect(at, resume);
  if (!error) co_await asio::async_write(socket, asio::buffer(kHello), resume);
  if (!error) co_await socket.async_read_some(asio::buffer(&first, 1), resume);
  co_return error;
}

// Throws unless the bus answers. sdbus-c++ would wait 90 s for one that is frozen, or whose socket
// systemd holds open while the bus itself still has to start.
asio::awaitable<void> expect_answer(asio::io_context& io, BusKind kind) {
  const auto at = bus_socket(kind);
  if (!at) co_return;
  asio::steady_timer limit(io, kGreetingLimit);
  const auto result = co_await (greet(io, *at) || limit.async_wait(asio::use_awaitable));
  if (result.index() == 1) throw std::runtime_error("no answer");
  if (const auto error = std::get<0>(result)) throw std::runtime_error(error.message());
}

std::unique_ptr<sdbus::IConnection> connect(BusKind kind) {
  return kind == BusKind::system ? sdbus::createSystemBusConnection()
                                 : sdbus::createSessionBusConnection();
}

// Until sd-bus wants to be called again, or `limit` is cancelled.
asio::awaitable<void> wait(asio::posix::stream_descriptor& socket, short events, int timeout_ms,
                           asio::steady_timer& limit) {
  limit.expires_at(asio::steady_timer::time_point::max());
  if (timeout_ms > 0) limit.expires_after(std::chrono::milliseconds(timeout_ms));
  auto readable = socket.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  auto elapsed = limit.async_wait(asio::as_tuple(asio::use_awaitable));
  if ((events & POLLOUT) == 0) {
    co_await (std::move(readable) || std::move(elapsed));
  } else {
    auto writable =
        socket.async_wait(asio::posix::stream_descriptor::wait_write, asio::use_awaitable);
    co_await (std::move(readable) || std::move(writable) || std::move(elapsed));
  }
}

}  // namespace

class SystemBus::Session {
 public:
  Session(asio::io_context& io, BusKind kind, Offer offer, TroubleHandler on_trouble)
      : io_(io),
        kind_(kind),
        offer_(std::move(offer)),
        on_trouble_(std::move(on_trouble)),
        wake_(io) {}

  static void start(const std::shared_ptr<Session>& session);
  void end();

  void announce(Event event);
  void overview_changed();
  void configured();

 private:
  // What is there while hlbd is on the bus.
  struct Objects {
    Objects(sdbus::IConnection& connection, const Offer& offer)
        : resolver(connection, offer.resolve),
          manager(connection, offer),
          tree(connection, offer.directory) {}

    ResolverObject resolver;
    ManagerObject manager;
    ObjectTree tree;
  };

  static asio::awaitable<void> run(std::shared_ptr<Session> session);
  asio::awaitable<bool> attempt();
  asio::awaitable<void> open();
  asio::awaitable<void> serve();
  bool tell_some();
  void close();
  void report(const std::string& what, const char* reason);

  asio::io_context& io_;
  BusKind kind_;
  Offer offer_;
  TroubleHandler on_trouble_;
  asio::cancellation_signal cancel_;
  asio::steady_timer wake_;  // cancelled when there is something to tell
  std::unique_ptr<sdbus::IConnection> connection_;
  std::optional<Objects> objects_;
  std::deque<Event> events_;  // to be told
  bool overview_changed_ = false;
  std::string last_trouble_;
  bool ended_ = false;
};

void SystemBus::Session::start(const std::shared_ptr<Session>& session) {
  // Once ended, what its operations throw on being cancelled is of no interest.
  auto done = [session](const std::exception_ptr& failed) {
    if (failed && !session->ended_) std::rethrow_exception(failed);
  };
  asio::co_spawn(session->io_, run(session),
                 asio::bind_cancellation_slot(session->cancel_.slot(), std::move(done)));
}

void SystemBus::Session::end() {
  ended_ = true;
  close();
  cancel_.emit(asio::cancellation_type::all);
}

asio::awaitable<void> SystemBus::Session::run(std::shared_ptr<Session> session) {
  std::chrono::seconds pause = kFirstRetry;
  while (!session->ended_) {
    const bool served = co_await session->attempt();
    if (session->ended_) break;
    pause = served ? kFirstRetry : pause;
    asio::steady_timer timer(session->io_, pause);
    co_await timer.async_wait(asio::use_awaitable);
    pause = std::min(pause * 2, std::chrono::seconds(kLastRetry));
  }
}

// Serves until the bus goes away; false when it was never there.
asio::awaitable<bool> SystemBus::Session::attempt() {
  bool served = false;
  try {
    co_await expect_answer(io_, kind_);
    if (ended_) co_return false;
    co_await open();
    last_trouble_.clear();
    served = true;
    co_await serve();
  } catch (const std::exception& failure) {
    report(served ? "lost" : "cannot join", failure.what());
  }
  close();
  co_return served;
}

asio::awaitable<void> SystemBus::Session::open() {
  connection_ = connect(kind_);
  connection_->setMethodCallTimeout(kCallLimit);
  objects_.emplace(*connection_, offer_);
  while (objects_->tree.step())
    co_await asio::post(asio::use_awaitable);
  if (ended_) co_return;
  connection_->requestName(Name{kName});
  objects_->tree.announce_from_now_on();
}

asio::awaitable<void> SystemBus::Session::serve() {
  // A descriptor of our own, because sd-bus closes its one when the bus goes away.
  asio::posix::stream_descriptor socket(io_, ::dup(connection_->getEventLoopPollData().fd));
  while (!ended_) {
    const auto end_of_turn = std::chrono::steady_clock::now() + kTimePerTurn;
    while (process(*connection_) && std::chrono::steady_clock::now() < end_of_turn) {
    }
    const bool more = tell_some();
    const auto wanted = connection_->getEventLoopPollData();
    if (more || wanted.getPollTimeout() == 0) {
      co_await asio::post(asio::use_awaitable);
    } else {
      co_await wait(socket, wanted.events, wanted.getPollTimeout(), wake_);
    }
  }
}

// Tells some of what there is to tell; whether there is more.
bool SystemBus::Session::tell_some() {
  for (int i = 0; i < kEventsPerTurn && !events_.empty(); ++i) {
    objects_->manager.announce(events_.front());
    objects_->tree.changed(events_.front().service, events_.front().address);
    events_.pop_front();
  }
  if (std::exchange(overview_changed_, false)) objects_->manager.tell_overview();
  return objects_->tree.step() || !events_.empty();
}

void SystemBus::Session::announce(Event event) {
  if (!objects_) return;
  events_.push_back(std::move(event));
  wake_.cancel();
}

void SystemBus::Session::overview_changed() {
  if (!objects_) return;
  overview_changed_ = true;
  wake_.cancel();
}

void SystemBus::Session::configured() {
  if (!objects_) return;
  objects_->tree.outdated();
  overview_changed();
}

void SystemBus::Session::close() {
  objects_.reset();
  connection_.reset();
  events_.clear();
  overview_changed_ = false;
}

void SystemBus::Session::report(const std::string& what, const char* reason) {
  const char* const which = kind_ == BusKind::system ? "system" : "session";
  std::string trouble = what + " the " + which + " bus: " + reason;
  if (ended_ || trouble == last_trouble_) return;
  last_trouble_ = trouble;
  on_trouble_(std::move(trouble));
}

// sd-bus gives its greeting, too, the time that a call has by default: 25 s, which nothing but this
// variable changes.
void limit_greeting() {
  ::setenv("SYSTEMD_BUS_TIMEOUT", "1", 1);
}

SystemBus::SystemBus(asio::io_context& io, BusKind kind, Offer offer, TroubleHandler on_trouble)
    : session_(std::make_shared<Session>(io, kind, std::move(offer), std::move(on_trouble))) {
  Session::start(session_);
}

SystemBus::~SystemBus() {
  session_->end();
}

void SystemBus::announce(Event event) {
  session_->announce(std::move(event));
}

void SystemBus::overview_changed() {
  session_->overview_changed();
}

void SystemBus::configured() {
  session_->configured();
}

}  // namespace hlb::bus
