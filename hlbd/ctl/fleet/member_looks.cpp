#include "ctl/fleet/member_looks.h"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "fleet/etcd/connect.h"
#include "fleet/keys.h"

namespace hlb::ctl {
namespace {

using namespace std::chrono_literals;

constexpr auto kLimit = 2s;
constexpr fleet::etcd::EtcdPatience kPatience = {
    .files = 1000ms, .name = 1000ms, .connect = 1000ms, .handshake = 1000ms, .answer = 1500ms};

// A member that is being asked.
struct Asking {
  MemberLook look;
  std::unique_ptr<fleet::Engine> engine{};

  void fail(const fleet::EngineFault& fault) {
    look.fault = fault.message;
    look.refuses = fault.kind == fleet::EngineFault::Kind::refused;
  }
};

boost::asio::awaitable<void> ask(std::shared_ptr<Asking> asking, fleet::Connect connect,
                                 fleet::KeyLayout keys) {
  MemberLook& look = asking->look;
  auto connected = co_await connect(look.endpoint);
  if (!connected) co_return asking->fail(connected.error());
  asking->engine = *std::move(connected);
  auto listing = co_await asking->engine->list(keys.catalog());
  if (!listing) co_return asking->fail(listing.error());
  const auto first = co_await asking->engine->keeps(keys.accept(), 1);
  look.stand = listing->stand;
  look.keys = std::move(listing->keys);
  look.keeps_all = first.value_or(false);
  look.fault.clear();
}

}  // namespace

std::vector<MemberLook> look_at_members(const FleetConfig& config) {
  boost::asio::io_context io;
  const fleet::Connect connect = fleet::connect_etcd(
      io.get_executor(), {config.ca, config.certificate, config.key}, kPatience);
  std::vector<std::shared_ptr<Asking>> all;
  for (const std::string& endpoint : config.etcd) {
    all.push_back(std::make_shared<Asking>(
        Asking{.look = {.endpoint = endpoint, .fault = endpoint + ": no answer in 2s"}}));
    boost::asio::co_spawn(io, ask(all.back(), connect, fleet::KeyLayout(config.prefix)),
                          boost::asio::detached);
  }
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (std::ranges::any_of(all, [](const auto& each) { return each.use_count() > 1; }) &&
         io.run_one_until(deadline) > 0) {
  }
  std::vector<MemberLook> looks;
  for (const std::shared_ptr<Asking>& each : all) {
    looks.push_back(each->look);
    if (each->engine) each->engine->close();
  }
  io.restart();
  io.poll();
  return looks;
}

}  // namespace hlb::ctl
