#include "operators/bus/greeting.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hlb::bus {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;
using Local = asio::local::stream_protocol;

constexpr auto kGreetingLimit = 2s;

std::string bus_address(BusKind kind) {
  const bool system = kind == BusKind::system;
  const char* given =
      ::secure_getenv(system ? "DBUS_SYSTEM_BUS_ADDRESS" : "DBUS_SESSION_BUS_ADDRESS");
  if (given != nullptr) return given;
  if (system) return "unix:path=/run/dbus/system_bus_socket";
  const char* folder = ::secure_getenv("XDG_RUNTIME_DIR");
  return folder == nullptr ? "" : "unix:path=" + std::string(folder) + "/bus";
}

// The bus's socket, if its address has the plain form that is usual.
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

}  // namespace

asio::awaitable<void> expect_answer(asio::io_context& io, BusKind kind) {
  const auto at = bus_socket(kind);
  if (!at) co_return;
  asio::steady_timer limit(io, kGreetingLimit);
  const auto result = co_await (greet(io, *at) || limit.async_wait(asio::use_awaitable));
  if (result.index() == 1) throw std::runtime_error("no answer");
  if (const auto error = std::get<0>(result)) throw std::runtime_error(error.message());
}

// The greeting has as much time as a call has by default, 25 s; of sd-bus's settings only this
// variable changes that.
void limit_greeting() {
  ::setenv("SYSTEMD_BUS_TIMEOUT", "1", 1);
}

}  // namespace hlb::bus
