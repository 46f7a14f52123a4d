#include "fleet/etcd/connect.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "fleet/etcd/bell.h"
#include "fleet/etcd/etcd_engine.h"
#include "fleet/etcd/member_endpoint.h"
#include "fleet/etcd/member_files.h"
#include "fleet/etcd/member_names.h"
#include "system/scope.h"
#include "system/socket_address.h"
#include "text/duration.h"
#include "text/endpoint.h"
#include "text/printable.h"

namespace hlb::fleet {
namespace etcd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using Kind = EngineFault::Kind;

struct Dialer {
  Dialer(asio::any_io_executor its_loop, const EtcdFiles& its_files, EtcdPatience its_patience)
      : loop(std::move(its_loop)),
        patience(its_patience),
        files(loop, {.server_name = "",  // each member's own
                     .ca = its_files.ca,
                     .certificate = its_files.certificate,
                     .key = its_files.key}),
        names(loop) {}

  asio::any_io_executor loop;
  EtcdPatience patience;
  MemberFiles files;
  MemberNames names;
};

// One attempt to connect, which goes on until it is told that it has taken too long.
struct Attempt {
  explicit Attempt(const asio::any_io_executor& loop) : socket(loop), done(loop) {}

  tcp::socket socket;
  Bell done;
  boost::system::error_code error = asio::error::timed_out;
};

asio::awaitable<void> attempt(std::shared_ptr<Attempt> self, tcp::endpoint endpoint) {
  const auto [error] = co_await self->socket.async_connect(endpoint, kAsTuple);
  self->error = error;
  self->done.ring();
}

using Reached = tl::expected<tcp::socket, std::string>;

// Tries one address after the other, each for its share of the time.
asio::awaitable<Reached> connect_one_of(asio::any_io_executor loop, std::vector<Endpoint> places,
                                        milliseconds limit) {
  std::string why = "no address";
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (std::size_t at = 0; at < places.size(); ++at) {
    const auto trying = std::make_shared<Attempt>(loop);
    Scope scope;
    scope.spawn(loop, attempt(trying, SocketAddress(places[at]).as<tcp::endpoint>()));
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto share = left / static_cast<long>(places.size() - at);
    const bool done = co_await trying->done.wait(std::chrono::ceil<milliseconds>(share));
    if (done && !trying->error) {
      boost::system::error_code ignored;
      trying->socket.set_option(tcp::no_delay(true), ignored);
      co_return std::move(trying->socket);
    }
    why = done ? words_of(trying->error) : "no connection in " + text::to_string(limit);
  }
  co_return tl::make_unexpected(why);
}

EngineFault fault_at(const std::string& name, const std::string& why) {
  return {.kind = Kind::unavailable, .message = text::printable(name + ": " + why, kMaxWords)};
}

Async<std::unique_ptr<Engine>> dial(std::shared_ptr<Dialer> self, std::string endpoint) {
  const auto member = MemberEndpoint::parse(endpoint);
  if (!member) co_return tl::make_unexpected(fault_at(endpoint, "no endpoint of etcd"));
  const auto fails = [&](const std::string& why) {
    return tl::make_unexpected(fault_at(member->name(), why));
  };
  tls::TlsSettings settings;
  if (member->tls) {
    const auto found = co_await self->files.find(self->patience.files);
    if (!found) co_return fails(found.error());
    settings = *found;
  }
  const auto places = co_await self->names.find(*member, self->patience.name);
  if (!places) co_return fails(places.error());
  auto socket = co_await connect_one_of(self->loop, *places, self->patience.connect);
  if (!socket) co_return fails(socket.error());
  const auto connection = std::make_shared<EtcdConnection>(*std::move(socket), *member, settings,
                                                           self->patience.answer);
  auto engine = std::make_unique<EtcdEngine>(connection);  // which closes it
  if (auto fault = co_await connection->open(self->patience.handshake)) {
    co_return tl::make_unexpected(*std::move(fault));
  }
  co_return std::move(engine);
}

}  // namespace
}  // namespace etcd

Connect connect_etcd(boost::asio::any_io_executor loop, const EtcdFiles& files,
                     etcd::EtcdPatience patience) {
  return [dialer = std::make_shared<etcd::Dialer>(std::move(loop), files, patience)](
             std::string endpoint) { return etcd::dial(dialer, std::move(endpoint)); };
}

}  // namespace hlb::fleet
