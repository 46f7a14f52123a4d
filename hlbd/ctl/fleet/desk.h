// The fleet's engine, as an operator at hlbctl uses it: one thing after the other, each waited for.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "ctl/command.h"
#include "fleet/engine.h"
#include "fleet/entries.h"
#include "fleet/keys.h"

namespace hlb::ctl {

// Who says so: the user that hlbctl runs as, or that became root by sudo, and the host:
// "alice@ops1".
std::string operator_name();

// Files that stand for a user towards the engine; empty: those of the configuration.
struct EtcdIdentity {
  std::string certificate;
  std::string key;
};

// Adds the options --certificate and --key, which set it.
void add_identity(CLI::App& command, EtcdIdentity& identity);

// Each call throws a Failure when the engine can't be reached, or refuses. A fault that may pass,
// as when another member becomes the leader, is waited for, a few seconds at most.
class EngineDesk {
 public:
  // Connects to the first member that answers, as the configuration at `settings` says.
  EngineDesk(const Settings& settings, EtcdIdentity identity);
  ~EngineDesk();
  EngineDesk(const EngineDesk&) = delete;
  EngineDesk& operator=(const EngineDesk&) = delete;

  const FleetConfig& config() const { return config_; }
  const fleet::KeyLayout& keys() const { return keys_; }
  const std::string& endpoint() const { return endpoint_; }  // of the member that answers

  fleet::Listing list(const std::string& prefix);
  std::vector<fleet::Member> members();

  // Makes the writes. False: one of the conditions didn't hold, and nothing was written.
  bool write(fleet::Transaction transaction);
  // The same, and says in the fleet's log what was done, all together.
  bool write(fleet::Transaction transaction, const fleet::FleetLogEntry& entry);

 private:
  template <typename T>
  T wait_for(fleet::Async<T> call);
  template <typename T, typename Ask>
  T insist(Ask ask);
  void connect();

  FleetConfig config_;
  EtcdIdentity identity_;
  fleet::KeyLayout keys_;
  boost::asio::io_context io_;
  std::string endpoint_;
  std::unique_ptr<fleet::Engine> engine_;
  unsigned entries_ = 0;  // of the log, so far
};

// The fleet's part of a configuration. Throws a Failure when it has faults, or no fleet.
FleetConfig fleet_of(const Settings& settings);

}  // namespace hlb::ctl
