#include "ctl/fleet/desk.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "ctl/terminal/text.h"
#include "fleet/etcd/connect.h"
#include "system/host.h"
#include "system/user_name.h"

namespace hlb::ctl {
namespace {

// How long the fleet's log remembers.
constexpr std::chrono::seconds kRemembered = std::chrono::days(30);

}  // namespace

std::string operator_name() {
  const char* const before_sudo = geteuid() == 0 ? secure_getenv("SUDO_USER") : nullptr;
  const std::string user = before_sudo != nullptr
                               ? before_sudo
                               : name_of_user(getuid()).value_or(std::to_string(getuid()));
  return user + "@" + host_name();
}

FleetConfig fleet_of(const Settings& settings) {
  auto config = load_config(settings.config);
  if (!config) throw Failure(kTrouble, config.error().front().to_string());
  if (config->fleet) return *std::move(config->fleet);
  throw Failure(kTrouble, fmt::format("{} has no [fleet]: this host stands alone; see hlb-fleet(7)",
                                      settings.config.string()));
}

void add_identity(CLI::App& command, EtcdIdentity& identity) {
  CLI::Option* const certificate =
      command
          .add_option("--certificate", identity.certificate,
                      "PEM file to be known by to etcd; unless set, that of hlbd.toml")
          ->type_name("FILE");
  CLI::Option* const key =
      command.add_option("--key", identity.key, "PEM file of its key")->type_name("FILE");
  certificate->needs(key);
  key->needs(certificate);
}

EngineDesk::EngineDesk(const Settings& settings, EtcdIdentity identity)
    : config_(fleet_of(settings)), identity_(std::move(identity)), keys_(config_.prefix) {
  connect();
}

EngineDesk::~EngineDesk() {
  if (engine_) engine_->close();
  io_.poll();
}

void EngineDesk::connect() {
  const bool own = identity_.certificate.empty();
  const fleet::Connect connect = fleet::connect_etcd(
      io_.get_executor(), {config_.ca, own ? config_.certificate : identity_.certificate,
                           own ? config_.key : identity_.key});
  std::string faults;
  for (const std::string& endpoint : config_.etcd) {
    try {
      engine_ = wait_for(connect(endpoint));
      endpoint_ = endpoint;
      return;
    } catch (const Failure& failure) {
      faults += (faults.empty() ? "" : "; ") + std::string(failure.what());
    }
  }
  throw Failure(kUnreachable, faults);
}

template <typename T>
T EngineDesk::wait_for(fleet::Async<T> call) {
  std::optional<fleet::Answer<T>> answer;
  boost::asio::co_spawn(io_, std::move(call),
                        [&answer](const std::exception_ptr& thrown, fleet::Answer<T> result) {
                          if (thrown) std::rethrow_exception(thrown);
                          answer.emplace(std::move(result));
                        });
  while (!answer) {
    io_.restart();
    io_.run_one();
  }
  if (*answer) return **std::move(answer);
  const bool refused = answer->error().kind == fleet::EngineFault::Kind::refused;
  throw Failure(refused ? kTrouble : kUnreachable, "etcd: " + printable(answer->error().message));
}

// A write may be made twice so. That comes to the same, as it has the same keys and values; one
// with conditions may find that they don't hold any more.
template <typename T, typename Ask>
T EngineDesk::insist(Ask ask) {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 4s;
  while (true) {
    try {
      return wait_for<T>(ask(*engine_));
    } catch (const Failure& failure) {
      if (failure.code != kUnreachable || std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(200ms);
    connect();
  }
}

fleet::Listing EngineDesk::list(const std::string& prefix) {
  return insist<fleet::Listing>([&](fleet::Engine& engine) { return engine.list(prefix); });
}

std::vector<fleet::Member> EngineDesk::members() {
  return insist<std::vector<fleet::Member>>([](fleet::Engine& engine) { return engine.members(); });
}

bool EngineDesk::write(fleet::Transaction transaction) {
  return insist<fleet::Committed>(
             [&](fleet::Engine& engine) { return engine.transact(transaction); })
      .done;
}

bool EngineDesk::write(fleet::Transaction transaction, const fleet::FleetLogEntry& entry) {
  const auto lease =
      insist<fleet::Lease>([](fleet::Engine& engine) { return engine.grant(kRemembered); });
  transaction.writes.push_back({.key = keys_.log_entry(entry.at, entries_++),
                                .value = fleet::write_log_entry(entry),
                                .lease = lease.id});
  return write(std::move(transaction));
}

}  // namespace hlb::ctl
