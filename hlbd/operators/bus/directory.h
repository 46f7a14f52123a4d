// The seam between the bus and the daemon: what the bus shows, and what it can have changed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "health/override.h"
#include "health/target_list.h"
#include "operators/refusal.h"
#include "operators/report.h"

namespace hlb::bus {

struct PreviewRequest {
  TargetList targets;
  std::optional<OverrideKind> kind;  // unset: overrides are to be cleared
};

// Called from hlbd's loop, at any time; must not throw. Long lists are asked for in parts, so that
// the loop has its other turns in between.
class Directory {
 public:
  Directory() = default;
  virtual ~Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  virtual Overview overview() const = 0;
  virtual std::vector<std::string> troubles() const = 0;
  virtual std::vector<Event> events(std::size_t most) const = 0;  // the latest, oldest first

  // Counts how often services or backends have changed. Parts belong together when it is the same
  // for all.
  virtual std::uint64_t configurations() const = 0;

  // Services in the order of the configuration, `most` from the index `first` on; fewer when there
  // are no more.
  virtual std::vector<ServiceReport> services(std::size_t first, std::size_t most) const = 0;
  virtual std::optional<ServiceReport> service(std::string_view name) const = 0;
  virtual std::optional<ServiceSettings> settings(std::string_view service) const = 0;
  // The service that `name` belongs to: its own name, an alias, or below it with subdomains.
  virtual std::optional<std::string> service_of(std::string_view name) const = 0;

  // The service's backends, in parts like services(); nullopt when there is no service of that
  // name.
  virtual std::optional<std::vector<BackendReport>> backends(std::string_view service,
                                                             std::size_t first,
                                                             std::size_t most) const = 0;
  virtual std::optional<BackendReport> backend(std::string_view service,
                                               std::string_view address) const = 0;
  virtual std::vector<CheckReport> checks(std::string_view service,
                                          std::string_view address) const = 0;

  virtual FleetReport fleet() const { return {}; }

  // The connections to the service's backends as they were counted last (Control), in parts like
  // backends(); nullopt when there is no service of that name.
  virtual std::optional<std::vector<ConnectionReport>> connections(std::string_view service,
                                                                   std::size_t first,
                                                                   std::size_t most) const = 0;

  // What the override would change of backends of the service at this index; at the index after the
  // last service, of those that aren't configured any more.
  virtual std::vector<OverridePreview> preview(const PreviewRequest& request,
                                               std::size_t service) const = 0;
};

struct OverrideRequest {
  std::string target;  // see TargetList
  OverrideKind kind = OverrideKind::drain;
  std::chrono::milliseconds duration{0};  // 0: until cleared
  std::string reason;
  std::uint32_t user = 0;
};

struct ClearRequest {
  std::string target;  // as of OverrideRequest
  std::uint32_t user = 0;
};

struct ClosingRequest {
  std::string target;                 // see TargetList
  std::chrono::milliseconds idle{0};  // only connections that were idle for so long; 0: all
  std::uint32_t user = 0;
};

struct FailbackRequest {
  std::string service;
  std::uint32_t user = 0;
};

// The number of backends that were concerned.
using Changed = tl::expected<std::uint32_t, Refusal>;
using Reloaded = tl::expected<void, Refusal>;
using ReloadPreviewed = tl::expected<std::vector<ServicePreview>, Refusal>;
using CountTaken = tl::expected<void, Refusal>;

// Called from hlbd's loop, once it is known that the caller may; must not throw. Each replies once,
// from the loop, at once or later: when it is done, or turns out to be impossible.
struct Control {
  using ChangeReply = std::function<void(const Changed& changed)>;
  using ReloadReply = std::function<void(const Reloaded& reloaded)>;
  using ReloadPreviewReply = std::function<void(const ReloadPreviewed& previewed)>;
  using CountReply = std::function<void(const CountTaken& taken)>;

  std::function<void(OverrideRequest request, ChangeReply reply)> set_override;
  std::function<void(ClearRequest request, ChangeReply reply)> clear_override;
  std::function<void(FailbackRequest request, ChangeReply reply)> fail_back;
  std::function<void(ReloadReply reply)> reload;
  // Reads the configuration, and puts nothing in force.
  std::function<void(ReloadPreviewReply reply)> preview_reload;
  // Has connections ended; the reply is the number of these.
  std::function<void(ClosingRequest request, ChangeReply reply)> close_connections;
  // Has connections counted, unless they just were; whoever may read may call it.
  std::function<void(CountReply reply)> count_connections;
};

// Facts of hlbd that never change while it runs.
struct Identity {
  std::string version;
  std::string config_file;
  WallTime started;
};

struct Resolved {
  std::string name;  // canonical
  std::vector<std::string> addresses;
};

// `family` is AF_UNSPEC, AF_INET or AF_INET6: others are refused before the handler is asked. The
// name is what the caller sent, valid UTF-8 of any length.
using ResolveHandler =
    std::function<tl::expected<Resolved, Refusal>(std::string_view name, int family)>;

// Everything that hlbd's loop offers on the bus.
struct Offer {
  Identity identity;
  ResolveHandler resolve;
  const Directory& directory;
  Control control;
};

}  // namespace hlb::bus
