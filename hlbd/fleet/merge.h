// The services of this host's own files and those of the fleet, as one list. Pure, and to be used
// by one thread at a time, like the catalog.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fleet/catalog.h"
#include "fleet/entries.h"
#include "health/overrides.h"
#include "health/service.h"
#include "health/service_list.h"

namespace hlb::fleet {

// An operator's word for all hosts on a backend as this host has it, and so by the name of the
// service here: one that takes its backends from the fleet's has what is said of these, too.
struct OverrideNews {
  Overrides::Key key;
  std::optional<FleetOverride> now;  // nullopt: nothing is said of it any more

  friend bool operator==(const OverrideNews&, const OverrideNews&) = default;
};

struct Merged {
  ServiceChange services;  // `now` is `before` itself if nothing has changed
  std::vector<OverrideNews> overrides;
  std::vector<std::string> warnings;  // of what wasn't so before
};

class Merge {
 public:
  // Takes this host's own services, in place of those before. They may come with another catalog:
  // all is merged anew then.
  void set_local(std::vector<ServiceSpec> services);

  // While the catalog isn't known, all names that it may define ("app.internal", "*.internal")
  // belong to services without a backend, so that no lookup leaves them to the next source; and so
  // does the name that they are below ("internal"), as a table has no names below one without it.
  // Empty: it is known.
  void await_catalog(std::span<const std::string> names);

  // What has become of the catalog since the last time. `before` are the services in force; those
  // that this has returned last are compared in a fraction of the time.
  //
  // A service of this host's own wins over the fleet's of the same name; and so do its aliases. Of
  // backends with the same address in a service the first counts: its own, then the fleet's.
  Merged merge(Catalog& catalog, const Services& before);

 private:
  class Builder;

  const FleetOverride* said_of(const Catalog& catalog, const Overrides::Key& key) const;
  std::vector<OverrideNews> overrides_of(const Catalog& catalog,
                                         const std::set<Overrides::Key>& changed);
  std::vector<OverrideNews> all_overrides(const Catalog& catalog);

  std::vector<ServiceSpec> local_;
  std::unordered_map<std::string, std::string> own_names_;  // and aliases → local services
  // The local services that take the backends of a service of the fleet's.
  std::map<std::string, std::vector<std::string>, std::less<>> takers_;
  Services last_;
  std::vector<std::string> awaited_;                   // names
  bool all_ = true;                                    // the next time nothing may be taken over
  std::map<Overrides::Key, FleetOverride> overrides_;  // as this host has them
  std::map<std::string, std::set<std::string>> said_;  // warnings, by the service's name
};

}  // namespace hlb::fleet
