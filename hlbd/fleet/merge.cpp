#include "fleet/merge.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <unordered_set>
#include <utility>

#include "text/wording.h"

namespace hlb::fleet {
namespace {

// In the words of a warning: a service of this host's own, and what of it a name is.
std::string own_name(std::string_view name, std::string_view service) {
  if (name == service) return "a service of this host's own";
  return "an alias of " + std::string(service) + ", a service of this host's own,";
}

}  // namespace

// Makes one list.
class Merge::Builder {
 public:
  // `before`: whose services are taken over unless they are touched; nullptr: none is.
  Builder(Merge& merge, const Catalog& catalog, const ServiceList* before,
          const Catalog::Touched& touched)
      : merge_(merge), catalog_(catalog), before_(before), touched_(touched) {}

  void build() {
    for (const ServiceSpec& service : merge_.local_)
      add_local(service);
    for (const std::string_view name : catalog_.services())
      add_fleets(name);
    for (const std::string& name : merge_.awaited_)
      add_awaited(name);
    drop_vain_exceptions();
  }

  std::vector<ServiceSpec> take_services() { return std::move(services_); }

  // Notes what has been said of services, and returns what of that is new.
  std::vector<std::string> take_warnings() {
    std::vector<std::string> news;
    for (const auto& [service, warnings] : said_)
      std::ranges::set_difference(warnings, said_before(service), std::back_inserter(news));
    if (before_ == nullptr) merge_.said_.clear();
    for (const std::string& service : rebuilt_)
      merge_.said_.erase(service);
    merge_.said_.merge(said_);
    return news;
  }

  // Of each service whether it was taken over as it was.
  const std::vector<bool>& as_before() const { return as_before_; }

 private:
  bool take_over(std::string_view name) {
    const auto place = before_ == nullptr ? std::nullopt : before_->find(name);
    if (!place) return false;
    services_.push_back(before_->all()[*place]);
    as_before_.push_back(true);
    return true;
  }

  void add(ServiceSpec service) {
    rebuilt_.push_back(service.name);
    services_.push_back(std::move(service));
    as_before_.push_back(false);
  }

  void warn(std::string_view service, std::string warning) {
    said_[std::string(service)].insert(std::move(warning));
  }

  std::set<std::string> said_before(const std::string& service) const {
    const auto found = merge_.said_.find(service);
    return found == merge_.said_.end() ? std::set<std::string>() : found->second;
  }

  bool is_touched(std::string_view name) const { return touched_.services.contains(name); }

  void add_local(const ServiceSpec& service) {
    if (std::ranges::none_of(service.fleet, [&](const auto& each) { return is_touched(each); }) &&
        take_over(service.name))
      return;
    ServiceSpec whole = service;
    std::set<Address> taken;
    for (const BackendSpec& backend : service.backends)
      taken.insert(backend.address);
    for (const std::string& name : service.fleet) {
      for (const BackendSpec& backend : catalog_.backends(name)) {
        if (!taken.contains(backend.address) && fits(whole, name, backend)) {
          taken.insert(backend.address);
          whole.backends.push_back(backend);
        }
      }
    }
    add(std::move(whole));
  }

  bool fits(const ServiceSpec& service, const std::string& name, const BackendSpec& backend) {
    const bool full = service.backends.size() == kMaxBackends;
    if (!full && has_port_to_check(service, backend)) return true;
    warn(service.name,
         "c/b/" + name + "/" + backend.address.to_string() + ": left out of " + service.name +
             (full ? ", which has " + std::to_string(kMaxBackends) + " backends already"
                   : ", as there is no port to check it at; add one to it, or to the check"));
    return false;
  }

  void add_fleets(std::string_view name) {
    const auto own = merge_.own_names_.find(std::string(name));
    if (own != merge_.own_names_.end()) return tell_hidden(name, own->second);
    if (!is_touched(name) && take_over(name)) return;
    std::optional<ServiceSpec> service = catalog_.service(name);
    if (!service) return;
    std::erase_if(service->aliases, [&](const std::string& alias) {
      const auto found = merge_.own_names_.find(alias);
      if (found == merge_.own_names_.end()) return false;
      warn(name, "c/s/" + std::string(name) + ": the alias " + text::in_quotes(alias) +
                     " is left out, as it is " + own_name(alias, found->second) + " which wins");
      return true;
    });
    add(*std::move(service));
  }

  void add_awaited(std::string_view name) {
    const bool below = name.starts_with("*.");
    if (below) name.remove_prefix(2);
    if (merge_.own_names_.contains(std::string(name))) return;
    ServiceSpec service;
    service.name = name;
    service.subdomains = below;
    service.checks = {{.method = NoneCheck()}};
    add(std::move(service));
  }

  void tell_hidden(std::string_view name, const std::string& own) {
    const auto& takers = merge_.takers_;
    const auto found = takers.find(name);
    const bool on_purpose =
        found != takers.end() && std::ranges::find(found->second, own) != found->second.end();
    if (on_purpose || before_ != nullptr) return;
    const std::string key = "c/s/" + std::string(name);
    warn(key, key + " is left out: " + text::in_quotes(name) + " is " + own_name(name, own) +
                  " which wins");
  }

  // Takes names out of exceptions that are services' now: a table with both would answer as if the
  // name were nobody's.
  void drop_vain_exceptions() {
    const auto has_any = [](const ServiceSpec& each) { return !each.except.empty(); };
    if (std::ranges::none_of(services_, has_any)) return;
    std::unordered_set<std::string> names;
    for (const ServiceSpec& service : services_) {
      names.insert(service.name);
      names.insert(service.aliases.begin(), service.aliases.end());
    }
    for (ServiceSpec& service : services_)
      std::erase_if(service.except, [&](const std::string& name) { return names.contains(name); });
  }

  Merge& merge_;
  const Catalog& catalog_;
  const ServiceList* before_;
  const Catalog::Touched& touched_;
  std::vector<ServiceSpec> services_;
  std::vector<bool> as_before_;
  std::vector<std::string> rebuilt_;                   // names of services that weren't taken over
  std::map<std::string, std::set<std::string>> said_;  // of those, and of services left out
};

void Merge::set_local(std::vector<ServiceSpec> services) {
  local_ = std::move(services);
  own_names_.clear();
  takers_.clear();
  for (const ServiceSpec& service : local_) {
    own_names_.emplace(service.name, service.name);
    for (const std::string& alias : service.aliases)
      own_names_.emplace(alias, service.name);
    for (const std::string& name : service.fleet)
      takers_[name].push_back(service.name);
  }
  all_ = true;
}

void Merge::await_catalog(std::span<const std::string> names) {
  if (std::ranges::equal(names, awaited_)) return;
  awaited_.assign(names.begin(), names.end());
  all_ = true;
}

Merged Merge::merge(Catalog& catalog, const Services& before) {
  const Catalog::Touched touched = catalog.touched();
  const bool anew = all_ || touched.names || before != last_;
  Builder builder(*this, catalog, anew ? nullptr : before.get(), touched);
  builder.build();
  Merged merged{.services = {.now = nullptr}, .overrides = {}, .warnings = builder.take_warnings()};
  Services now = list_of(builder.take_services());
  merged.services =
      anew ? compare(std::move(now), before) : compare(std::move(now), before, builder.as_before());
  last_ = merged.services.now;
  merged.overrides = all_ ? all_overrides(catalog) : overrides_of(catalog, touched.overrides);
  all_ = false;
  return merged;
}

// ---- overrides ---------------------------------------------------------------------------------

// What is said of a backend of a service here: by the service's own name, else by those of the
// fleet's that it takes backends from.
const FleetOverride* Merge::said_of(const Catalog& catalog, const Overrides::Key& key) const {
  if (const FleetOverride* own = catalog.override(key.service, key.backend)) return own;
  const auto local = std::ranges::find(local_, key.service, &ServiceSpec::name);
  if (local == local_.end()) return nullptr;
  for (const std::string& name : local->fleet) {
    if (const FleetOverride* said = catalog.override(name, key.backend)) return said;
  }
  return nullptr;
}

std::vector<OverrideNews> Merge::overrides_of(const Catalog& catalog,
                                              const std::set<Overrides::Key>& changed) {
  std::set<Overrides::Key> here = changed;
  for (const Overrides::Key& key : changed) {
    const auto takers = takers_.find(key.service);
    if (takers == takers_.end()) continue;
    for (const std::string& taker : takers->second)
      here.insert({taker, key.backend});
  }
  std::vector<OverrideNews> news;
  for (const Overrides::Key& key : here) {
    const FleetOverride* const now = said_of(catalog, key);
    const auto before = overrides_.find(key);
    if (now == nullptr) {
      if (before == overrides_.end()) continue;
      overrides_.erase(before);
      news.push_back({key, std::nullopt});
    } else if (before == overrides_.end() || before->second != *now) {
      overrides_.insert_or_assign(key, *now);
      news.push_back({key, *now});
    }
  }
  return news;
}

std::vector<OverrideNews> Merge::all_overrides(const Catalog& catalog) {
  std::set<Overrides::Key> all;
  for (Overrides::Key& key : catalog.overrides())
    all.insert(std::move(key));
  for (const auto& [key, override] : overrides_)
    all.insert(key);
  return overrides_of(catalog, all);
}

}  // namespace hlb::fleet
