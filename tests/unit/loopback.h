// Backends on loopback that behave, and misbehave, as a test wants; and ways to run a probe on
// them.
#pragma once

#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/prober.h"

namespace hlb::probes {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
inline constexpr auto kPlenty = 20s;   // for what must happen before any time-out
inline constexpr auto kShort = 500ms;  // for what must time out

// What a backend does with one connection.
using Behaviour = std::function<asio::awaitable<void>(tcp::socket)>;

// A backend on an ephemeral port, in the loop of the test itself.
class Backend {
 public:
  Backend(asio::io_context& loop, Behaviour behaviour)
      : Backend(loop, std::move(behaviour), asio::ip::address_v4::loopback()) {}

  Backend(asio::io_context& loop, Behaviour behaviour, const asio::ip::address& address)
      : behaviour_(std::move(behaviour)), acceptor_(loop, tcp::endpoint(address, 0)) {
    asio::co_spawn(loop, serve(), asio::detached);
  }

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  asio::awaitable<void> serve() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (error) continue;
      asio::co_spawn(acceptor_.get_executor(), behaviour_(std::move(socket)), asio::detached);
    }
  }

  Behaviour behaviour_;
  tcp::acceptor acceptor_;
};

// Whole, also the first words of TLS with a post-quantum key: who closes with something left unread
// resets.
inline asio::awaitable<void> read_request(tcp::socket& socket) {
  std::array<char, 16'384> request;
  co_await socket.async_read_some(asio::buffer(request), kAwait);
}

inline asio::awaitable<void> keep_open(tcp::socket& socket) {
  asio::steady_timer forever(socket.get_executor(), 1h);
  co_await forever.async_wait(kAwait);
}

inline Behaviour says_and_closes(std::string text) {
  return [text = std::move(text)](tcp::socket socket) -> asio::awaitable<void> {
    co_await read_request(socket);
    co_await asio::async_write(socket, asio::buffer(text), kAwait);
  };
}

inline Behaviour says_and_waits(std::string text) {
  return [text = std::move(text)](tcp::socket socket) -> asio::awaitable<void> {
    co_await read_request(socket);
    co_await asio::async_write(socket, asio::buffer(text), kAwait);
    co_await keep_open(socket);
  };
}

inline Behaviour resets() {
  return [](tcp::socket socket) -> asio::awaitable<void> {
    co_await read_request(socket);
    socket.set_option(asio::socket_base::linger(true, 0));
    socket.close();
  };
}

inline HttpCheck http_check(std::string path = "/") {
  HttpCheck check;
  check.path = std::move(path);
  check.host = "app.test";
  return check;
}

// A check of a backend on loopback.
inline Target target_of(const tcp::endpoint& backend, CheckMethod method,
                        std::chrono::milliseconds timeout) {
  CheckSpec spec;
  spec.method = std::move(method);
  spec.timeout = timeout;
  return {Address::parse(backend.address().to_string()).value(), backend.port(),
          std::make_shared<const CheckSpec>(std::move(spec)), "app.test"};
}

inline Target tcp_target(const tcp::endpoint& backend, std::chrono::milliseconds timeout) {
  return target_of(backend, TcpCheck{}, timeout);
}

inline Target http_target(const tcp::endpoint& backend, std::chrono::milliseconds timeout) {
  return target_of(backend, http_check(), timeout);
}

// Runs the loop until the attempt has ended.
inline Outcome run(asio::io_context& loop, Probe& probe) {
  Outcome result = Outcome::not_known("the probe never ended");
  asio::co_spawn(loop, probe.attempt(), [&](const std::exception_ptr&, Outcome outcome) {
    result = std::move(outcome);
    loop.stop();
  });
  loop.restart();
  loop.run();
  return result;
}

inline Outcome run(asio::io_context& loop, const Target& target) {
  Prober prober(loop.get_executor());
  return run(loop, *prober.make(target));
}

// An attempt that a test goes along with.
class Attempt {
 public:
  Attempt(asio::io_context& loop, Probe& probe) {
    asio::co_spawn(loop, probe.attempt(),
                   asio::bind_cancellation_slot(cancel_.slot(),
                                                [this](const std::exception_ptr&, Outcome outcome) {
                                                  outcome_ = std::move(outcome);
                                                }));
  }

  void cancel() { cancel_.emit(asio::cancellation_type::terminal); }
  const std::optional<Outcome>& outcome() const { return outcome_; }

 private:
  asio::cancellation_signal cancel_;
  std::optional<Outcome> outcome_;
};

// The outcomes of so many attempts of one probe in a row, between which the loop turns a little.
inline std::vector<Outcome> attempts(asio::io_context& loop, const Target& target, int count) {
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  std::vector<Outcome> outcomes;
  for (int done = 0; done < count; ++done) {
    outcomes.push_back(run(loop, *probe));
    loop.restart();
    loop.run_for(5ms);
  }
  return outcomes;
}

inline Outcome run_http(asio::io_context& loop, const tcp::endpoint& backend,
                        std::chrono::milliseconds timeout) {
  return run(loop, http_target(backend, timeout));
}

// A loaded machine can make us late, and the probe then rightly says that it doesn't know.
template <typename Probe>
Outcome run_until_known(Probe probe) {
  Outcome outcome = probe();
  for (int more = 0; more < 20 && outcome.result == Outcome::Result::unknown; ++more)
    outcome = probe();
  return outcome;
}

inline Outcome http_against(Behaviour behaviour, std::chrono::milliseconds timeout = kPlenty) {
  asio::io_context loop(1);
  const Backend backend(loop, std::move(behaviour));
  return run_until_known([&] { return run_http(loop, backend.endpoint(), timeout); });
}

// A port that nobody listens on, and that nobody else can get while this is alive.
class ClosedPort {
 public:
  ClosedPort() : socket_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  tcp::endpoint endpoint() const { return socket_.local_endpoint(); }

 private:
  asio::io_context loop_;
  tcp::socket socket_;
};

// A listener whose backlog is full: the kernel drops every further SYN.
class FullBackend {
 public:
  FullBackend() : acceptor_(loop_, tcp::v4()) {
    acceptor_.bind({asio::ip::address_v4::loopback(), 0});
    acceptor_.listen(0);
    const tcp::endpoint self = endpoint();
    for (auto& client : clients_) {
      client.open(tcp::v4());
      client.non_blocking(true);
      // Past Asio, whose own connect would wait for those that no longer fit.
      (void)::connect(client.native_handle(), self.data(), static_cast<socklen_t>(self.size()));
    }
  }
  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  void make_room() { acceptor_.accept(); }
  void stop_listening() { acceptor_.close(); }

 private:
  asio::io_context loop_;
  tcp::acceptor acceptor_;
  std::array<tcp::socket, 3> clients_{tcp::socket(loop_), tcp::socket(loop_), tcp::socket(loop_)};
};

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

// Whether the kernel still keeps either side of a connection to `port`, in TIME_WAIT or otherwise.
inline bool leaves_a_trace(std::uint16_t port) {
  constexpr std::string_view kListening = "0A";
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);
  std::array<char, 6> text;
  std::snprintf(text.data(), text.size(), ":%04X", port);
  while (std::getline(table, line)) {
    if (line.find(text.data()) != std::string::npos && line.substr(34, 2) != kListening)
      return true;
  }
  return false;
}

// Lets no further descriptor be opened.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace hlb::probes
