#include "ctl/import/exceptions.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "text/wording.h"

namespace hlb::ctl {

namespace {

using Kind = NamedStop::Kind;

bool has_both_families(const ImportedService& service) {
  const auto of_ipv4 =
      std::ranges::count(service.backends, Address::Family::ipv4, &Address::family);
  return of_ipv4 != 0 && of_ipv4 != std::ssize(service.backends);
}

class Excepting {
 public:
  explicit Excepting(Imported& imported) : imported_(imported) {
    for (ImportedService& service : imported.services) {
      by_name_[service.name] = &service;
      for (const std::string& alias : service.aliases)
        by_name_[alias] = &service;
    }
  }

  void add(const std::string& name) {
    if (by_name_.contains(name)) return;
    if (ImportedService* const service = above(name)) except(*service, name);
  }

  void add(const NamedStop& stop) {
    if (stop.pattern) return note_pattern(stop);
    if (const auto own = by_name_.find(stop.name); own != by_name_.end()) {
      return note_own(stop, *own->second);
    }
    ImportedService* const service = above(stop.name);
    if (service == nullptr) return;
    except(*service, stop.name);
    if (stop.kind == Kind::elsewhere || stop.kind == Kind::unusable) return;
    differ(stop, "there is no such name to dnsmasq; lookups get what the next source says");
  }

 private:
  static bool owns_below(const ImportedService& service, std::string_view name) {
    return service.subdomains && service.name == name;
  }

  // The service that answers names below `name`; nullptr if none does.
  ImportedService* below(std::string_view name) const {
    if (excepted_.contains(std::string(name))) return nullptr;
    const auto found = by_name_.find(std::string(name));
    const bool owns = found != by_name_.end() && owns_below(*found->second, name);
    return owns ? found->second : above(name);
  }

  ImportedService* above(std::string_view name) const {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos ? nullptr : below(name.substr(dot + 1));
  }

  void except(ImportedService& service, const std::string& name) {
    if (excepted_.insert(name).second) service.except.push_back(name);
  }

  void differ(const NamedStop& stop, std::string message) {
    imported_.notes.push_back({stop.place, std::move(message), true});
  }

  void note_pattern(const NamedStop& stop) {
    const ImportedService* const service = below(stop.name);
    if (service == nullptr) return;
    differ(stop,
           "is for a part of the names of " + service->name + ", which all have its addresses");
  }

  // Of a name that is a service's.
  void note_own(const NamedStop& stop, const ImportedService& service) {
    if (!stop.subdomains || stop.kind == Kind::unusable) return;
    if (owns_below(service, stop.name)) {
      if (stop.kind != Kind::elsewhere || has_both_families(service)) return;
      return differ(stop, "lookups get the addresses of " + text::in_quotes(stop.name) +
                              " in these files alone, and none of the other family from there");
    }
    const ImportedService* const other = above(stop.name);
    if (other == nullptr) return;
    differ(stop, text::in_quotes(stop.name) + " is a service, and so no exception of " +
                     other->name + "'s: names below it get the addresses of that");
  }

  Imported& imported_;
  std::unordered_map<std::string, ImportedService*> by_name_;
  std::unordered_set<std::string> excepted_;
};

auto labels(const std::string& name) {
  return std::ranges::count(name, '.');
}

}  // namespace

void add_exceptions(const Entries& entries, const std::vector<std::string>& left_out,
                    Imported& imported) {
  Excepting excepting(imported);
  std::vector<std::string> names = left_out;
  // What is above comes first, as an exception includes all that is below.
  std::ranges::stable_sort(names, {}, labels);
  for (const std::string& name : names)
    excepting.add(name);
  std::vector<const NamedStop*> stops;
  for (const NamedStop& each : entries.stops())
    stops.push_back(&each);
  std::ranges::stable_sort(
      stops, {}, [](const NamedStop* each) { return std::pair(labels(each->name), each->kind); });
  for (const NamedStop* const stop : stops)
    excepting.add(*stop);
}

}  // namespace hlb::ctl
