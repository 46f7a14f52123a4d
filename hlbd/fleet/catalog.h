// What the fleet's keys say, of each the last that made sense. Pure: no clock, no loop, no thread
// of its own; to be used by one thread at a time.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/config.h"
#include "fleet/engine.h"
#include "fleet/entries.h"
#include "fleet/keys.h"
#include "health/overrides.h"
#include "health/service.h"

namespace hlb::fleet {

// More services of the fleet's than this are refused, by their names the last.
inline constexpr std::size_t kMaxFleetServices = 4096;

// A key whose value, or that itself, can't be used.
struct RefusedKey {
  std::string key;     // brief: "c/s/app.internal"
  std::string reason;  // empty: it is refused no more
  // The value makes no sense, and the one before stays. Else it is in force as far as other keys
  // let it be.
  bool by_value = false;
  bool again = false;  // another value, refused for the reason that was told of the one before

  std::string to_string() const { return key + ": " + reason; }
  friend bool operator==(const RefusedKey&, const RefusedKey&) = default;
};

class Catalog {
 public:
  explicit Catalog(FleetConfig config);

  const KeyLayout& keys() const { return keys_; }

  // Takes in what has become of keys. A value that is refused changes nothing: what its key said
  // before stays. Returns the keys of which there is something to tell: those that are refused now,
  // with another value or for another reason than before, and those that are refused no more.
  std::vector<RefusedKey> take(std::span<const Change> changes);

  // All keys that are refused, in their order.
  std::vector<RefusedKey> refused() const;

  // ---- what it says: see Merge for what comes of it --------------------------------------------

  // The names of the fleet's services, in order.
  std::vector<std::string_view> services() const;

  // A service of the fleet's, with its backends, and without aliases that are others'. nullopt: the
  // fleet has none of this name.
  std::optional<ServiceSpec> service(std::string_view name) const;

  // The backends that the fleet gives for this name, in the order of their addresses, whether or
  // not it says what the service is.
  std::vector<BackendSpec> backends(std::string_view name) const;

  // nullptr: the fleet has none.
  const FleetBackend* backend(std::string_view service, const Address& address) const;
  // The backends that somebody may take out, see FleetBackend::forget_after.
  std::vector<Overrides::Key> forgettable() const;
  const FleetOverride* override(std::string_view service, const Address& address) const;

  std::vector<Overrides::Key> overrides() const;  // in order

  // What has changed since the last call.
  struct Touched {
    std::set<std::string, std::less<>> services;  // backends, or what the service is
    std::set<Overrides::Key> overrides;
    bool names = false;  // the names of services, aliases or exceptions
  };
  Touched touched();

 private:
  // All that the keys with a service's name say: of each the last value that made sense.
  struct OfName {
    std::optional<ServiceSpec> service;
    std::map<Address, FleetBackend> backends;
    std::map<Address, FleetOverride> overrides;
    bool beyond = false;               // there are too many services
    std::vector<std::string> not_its;  // aliases that are others'

    bool empty() const { return !service && backends.empty() && overrides.empty(); }
  };

  // Why a key is refused.
  struct Refusal {
    std::string of_value;  // the value itself makes no sense
    std::string of_place;  // it can't be beside what other keys say

    const std::string& told() const { return of_value.empty() ? of_place : of_value; }
  };

  void take(const Change& change);
  template <typename T, typename Reader>
  bool put(std::optional<T>& good, const Change& change, Reader read);
  template <typename T, typename Reader>
  bool put(std::map<Address, T>& all, const Address& address, const Change& change, Reader read);
  void change_service(const KeySubject& subject, const Change& change, OfName& of);
  void change_backend(const KeySubject& subject, const Change& change, OfName& of);
  void change_override(const KeySubject& subject, const Change& change, OfName& of);
  Read<FleetBackend> read_backend_like_last(const KeySubject& subject, const std::string& text);

  void share_names();
  std::string find_others(const std::string& name, const OfName& of,
                          std::unordered_map<std::string_view, std::string_view>& owners,
                          std::vector<std::string>& not_its) const;
  template <typename T>
  void change_place(const std::string& name, T& place, T now);
  void place_backends(const std::string& name);
  void refuse(const std::string& key, std::string Refusal::* why, std::string reason);
  const OfName* find(std::string_view name) const;

  FleetConfig config_;
  KeyLayout keys_;
  std::map<std::string, OfName, std::less<>> names_;
  // A backend's value, and what it says: most of a fleet's backends say the same.
  std::optional<std::pair<std::string, FleetBackend>> last_read_;
  std::map<std::string, Refusal> refused_;          // by brief keys
  std::map<std::string, std::string> told_before_;  // the reasons before this take()
  Touched touched_;
  std::set<std::string> to_place_;  // services whose backends may have got or lost their place
  bool to_share_ = false;           // names may be others'
};

}  // namespace hlb::fleet
