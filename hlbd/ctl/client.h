// hlbd as hlbctl sees it: org.hlb1 on the message bus, see org.hlb1(5).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "ctl/command.h"
#include "operators/report.h"

namespace sdbus {
class Error;
}

namespace hlb::ctl {

// The state of hlbd itself.
struct DaemonReport {
  std::string version;
  std::string config_file;
  WallTime started{};
  Overview overview;
  std::vector<std::string> degraded;  // its troubles, a line each
};

// Called for what hlbd and the bus tell unasked, from within Client's functions.
struct EventListener {
  std::function<void(const Event&)> on_event;
  std::function<void(bool there)> on_presence;  // hlbd has joined or left the bus
};

// The descriptor, events and time that a caller waits for between calls of process(), see poll(2).
struct Wanted {
  int descriptor = -1;
  short events = 0;
  int timeout_ms = -1;  // -1: no limit
};

// One connection to the bus. Each function throws a Failure that says why hlbd didn't do as asked,
// and what to do about it. Each finds out within kAnswerLimit when hlbd doesn't answer; but those
// that change something, close_connections() to reload(), may take minutes when it does, as
// somebody may have to be asked for a password.
class Client {
 public:
  // Connects to the bus.
  explicit Client(const Settings& settings);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  DaemonReport daemon();
  std::vector<ServiceReport> services();
  // The backends of `service`, as the configuration names it, or of all services for "". They lack
  // what complete() adds: all of an override but its kind, suspicion, and whether they are held
  // back.
  std::vector<BackendReport> backends(const std::string& service);
  void complete(BackendReport& backend);
  // The backends of `service`, or of all services for "", that are suspect or held back, with no
  // more than that; nullopt when hlbd is too old to list them.
  std::optional<std::vector<BackendReport>> left_out(const std::string& service);
  // The service that a hostname belongs to: its own name, an alias, or a name below it.
  std::string find_service(const std::string& name);
  // The same; nullopt when it belongs to none.
  std::optional<std::string> service_of(const std::string& name);
  // Other names of services; empty when hlbd is too old to tell.
  std::vector<AliasReport> aliases();
  // How this host stands in its fleet; without a state if it stands alone, or hlbd is older.
  FleetReport fleet();
  // The latest changes, oldest first; 0: all that hlbd remembers.
  std::vector<Event> events(std::uint32_t most);
  // The addresses that hlbd answers a lookup with now.
  std::vector<std::string> resolve(const std::string& name);

  // What serves, by service, for services with a rule for that; empty when hlbd is too old to tell.
  std::map<std::string, std::string> serving();

  // This host's connections to the backends of `service`, or of all services for ""; the error says
  // why they aren't known, as of an hlbd that is too old, or can't count.
  tl::expected<std::vector<ConnectionReport>, Failure> connections(const std::string& service);

  // Ends this host's connections that were idle for so long, or all for 0; returns how many.
  std::uint32_t close_connections(const std::string& targets, std::chrono::microseconds idle);

  // What an override of this kind, or for "" its end, would change. `targets`: see TargetList.
  std::vector<OverridePreview> preview(const std::string& targets, const std::string& kind);

  // These return the number of backends concerned.
  std::uint32_t set_override(const std::string& targets, const std::string& kind,
                             std::chrono::microseconds duration, const std::string& reason);
  std::uint32_t clear_override(const std::string& targets);
  std::uint32_t fail_back(const std::string& service);
  // What reload() would change.
  std::vector<ServicePreview> preview_reload();
  // Returns when the configuration is in force. The Failure has its faults, a line each.
  void reload();

  // Has `listener` told from now on, by process(), which is to be called when wanted() is there.
  void listen(EventListener listener);
  Wanted wanted() const;
  void process();

 private:
  class Link;
  // Makes a call, and turns an error of the bus into a Failure.
  template <typename Call>
  auto ask(Call call);
  // The same for a call that somebody may have to be asked a password for. Asks first for something
  // that needs none, so that a hlbd that hangs is found out at once.
  template <typename Call>
  auto change(Call call);
  // "; did you mean app.local?" if hlbd knows no such service, but one named nearly so.
  std::string meant_by(const std::string& name, const sdbus::Error& error);

  std::string bus_;
  std::unique_ptr<Link> link_;
};

}  // namespace hlb::ctl
