#include "bus/system_bus.h"

#include <org.hlb1.adaptor.h>
#include <poll.h>
#include <sdbus-c++/sdbus-c++.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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
#include <exception>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>

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
constexpr auto kCallLimit = 1s;       // for the one blocking call: taking the name
constexpr int kRequestsPerTurn = 32;  // then the rest of the loop has its turn
constexpr char kInvalidArguments[] = "org.freedesktop.DBus.Error.InvalidArgs";

// --- Where sdbus-c++ 1.2 and 2.x differ ---------------------------------------------------------

// A name, for 1.2 a string and for 2.x one of its types, which strings don't turn into by
// themselves.
struct Name {
  const char* text;

  template <typename Type>
  operator Type() const {  // NOLINT(google-explicit-constructor): its purpose
    return Type(text);
  }
};

// Handles what is pending; false when nothing was.
template <typename Connection>
bool process(Connection& connection) {
  if constexpr (requires { connection.processPendingEvent(); }) {
    return connection.processPendingEvent();
  } else {
    return connection.processPendingRequest();
  }
}

// ------------------------------------------------------------------------------------------------

sdbus::Error to_bus_error(const ResolveError& error) {
  switch (error.kind) {
    case ResolveError::Kind::no_such_service:
      return {Name{bus::kNoSuchService}, error.message};
    case ResolveError::Kind::no_healthy_backend:
      return {Name{bus::kNoHealthyBackend}, error.message};
    case ResolveError::Kind::invalid_family:
      break;
  }
  return {Name{kInvalidArguments}, error.message};
}

class ResolverObject final : public sdbus::AdaptorInterfaces<org::hlb1::Resolver_adaptor> {
 public:
  ResolverObject(sdbus::IConnection& connection, const ResolveHandler& resolve)
      : AdaptorInterfaces(connection, sdbus::ObjectPath(bus::kPath)), resolve_(resolve) {
    registerAdaptor();
  }
  ~ResolverObject() { unregisterAdaptor(); }
  ResolverObject(const ResolverObject&) = delete;
  ResolverObject& operator=(const ResolverObject&) = delete;

 private:
  using Reply = std::tuple<std::string, std::vector<std::string>>;

  Reply Resolve(const std::string& name, const std::int32_t& family) override {
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6) {
      throw to_bus_error({ResolveError::Kind::invalid_family,
                          "The family " + std::to_string(family) +
                              " is not known: give 0 (both), 2 (IPv4) or 10 (IPv6)."});
    }
    auto answer = resolve_(name, family);
    if (const auto* const error = std::get_if<ResolveError>(&answer)) throw to_bus_error(*error);
    auto& resolved = std::get<Resolved>(answer);
    return {std::move(resolved.name), std::move(resolved.addresses)};
  }

  const ResolveHandler& resolve_;
};

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

// Until sd-bus wants to be called again.
asio::awaitable<void> wait(asio::posix::stream_descriptor& socket, short events, int timeout_ms) {
  if (timeout_ms == 0) {
    co_await asio::post(asio::use_awaitable);
    co_return;
  }
  asio::steady_timer limit(socket.get_executor(), asio::steady_timer::time_point::max());
  if (timeout_ms > 0) limit.expires_after(std::chrono::milliseconds(timeout_ms));
  auto readable = socket.async_wait(socket.wait_read, asio::use_awaitable);
  auto elapsed = limit.async_wait(asio::use_awaitable);
  if ((events & POLLOUT) == 0) {
    co_await (std::move(readable) || std::move(elapsed));
  } else {
    auto writable = socket.async_wait(socket.wait_write, asio::use_awaitable);
    co_await (std::move(readable) || std::move(writable) || std::move(elapsed));
  }
}

}  // namespace

class SystemBus::Session {
 public:
  Session(asio::io_context& io, BusKind kind, ResolveHandler resolve, TroubleHandler on_trouble)
      : io_(io), kind_(kind), resolve_(std::move(resolve)), on_trouble_(std::move(on_trouble)) {}

  static void start(const std::shared_ptr<Session>& session);
  void end();

 private:
  static asio::awaitable<void> run(std::shared_ptr<Session> session);
  asio::awaitable<bool> attempt();
  asio::awaitable<void> serve();
  void open();
  void close();
  void report(const std::string& what, const char* reason);

  asio::io_context& io_;
  BusKind kind_;
  ResolveHandler resolve_;
  TroubleHandler on_trouble_;
  asio::cancellation_signal cancel_;
  std::unique_ptr<sdbus::IConnection> connection_;
  std::unique_ptr<ResolverObject> object_;
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
    open();
    last_trouble_.clear();
    served = true;
    co_await serve();
  } catch (const std::exception& failure) {
    report(served ? "lost" : "cannot join", failure.what());
  }
  close();
  co_return served;
}

void SystemBus::Session::open() {
  connection_ = connect(kind_);
  connection_->setMethodCallTimeout(kCallLimit);
  object_ = std::make_unique<ResolverObject>(*connection_, resolve_);
  connection_->requestName(Name{bus::kName});
}

asio::awaitable<void> SystemBus::Session::serve() {
  // A descriptor of our own, because sd-bus closes its one when the bus goes away.
  asio::posix::stream_descriptor socket(io_, ::dup(connection_->getEventLoopPollData().fd));
  while (!ended_) {
    for (int i = 0; i < kRequestsPerTurn && process(*connection_); ++i) {
    }
    const auto wanted = connection_->getEventLoopPollData();
    co_await wait(socket, wanted.events, wanted.getPollTimeout());
  }
}

void SystemBus::Session::close() {
  object_.reset();
  connection_.reset();
}

void SystemBus::Session::report(const std::string& what, const char* reason) {
  const char* const which = kind_ == BusKind::system ? "system" : "session";
  std::string trouble = what + " the " + which + " bus: " + reason;
  if (ended_ || trouble == last_trouble_) return;
  last_trouble_ = trouble;
  on_trouble_(std::move(trouble));
}

SystemBus::SystemBus(asio::io_context& io, BusKind kind, ResolveHandler resolve,
                     TroubleHandler on_trouble)
    : session_(std::make_shared<Session>(io, kind, std::move(resolve), std::move(on_trouble))) {
  Session::start(session_);
}

SystemBus::~SystemBus() {
  session_->end();
}

}  // namespace hlb::bus
