#include "ctl/import/services.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "config/hostname.h"
#include "ctl/import/answers.h"
#include "ctl/import/exceptions.h"
#include "health/service.h"
#include "text/wording.h"

namespace hlb::ctl {

namespace {

class Gathering {
 public:
  explicit Gathering(const Entries& entries) : answers_(entries) {
    imported_.notes = entries.notes();
  }

  void add_addresses(const Entries& entries);
  void join_twins();
  void add_aliases(const std::vector<NamedAlias>& aliases);
  void select(const Selection& selection);
  void limit();
  void add_exceptions(const Entries& entries);

  Imported take() { return std::move(imported_); }

 private:
  static void add_backends(ImportedService& service, const Answers::Addresses& addresses);
  void note_domain(const ImportedService& domain, const std::string& name);
  // The service that an alias means, by way of other aliases; nullptr if there is none, as when
  // they go round in circles.
  ImportedService* target_of(const NamedAlias& alias);
  void note_alias(const NamedAlias& alias, const ImportedService& service);
  void index();
  void leave_out(const ImportedService& service);
  void drop(const ImportedService& service, const std::string& why);
  template <typename Fault>
  void drop_all_with(Fault fault);

  Answers answers_;
  Imported imported_;
  std::vector<std::string> left_out_;                     // names that are no service's
  std::unordered_map<std::string, std::size_t> by_name_;  // aliases too, once they are known
  std::unordered_map<std::string, std::string> targets_;  // of aliases
};

// Adds the names in the order in which they were found. What is said of a name alone goes before
// what is said of all below it, too; if both say the same, they are one service.
void Gathering::add_addresses(const Entries& entries) {
  std::unordered_set<std::string> done;
  for (const NamedAddress& each : entries.addresses()) {
    if (!done.insert(each.name).second) continue;
    const bool alone = answers_.names_alone(each.name);
    ImportedService& service = imported_.services.emplace_back();
    service.name = each.name;
    service.subdomains = answers_.names_domain(each.name);
    add_backends(service, alone ? answers_.of_name(each.name) : answers_.of_domain(each.name));
    if (!service.subdomains || !alone) continue;
    ImportedService domain;
    add_backends(domain, answers_.of_domain(each.name));
    service.subdomains = std::ranges::is_permutation(service.backends, domain.backends);
    if (!service.subdomains) note_domain(domain, each.name);
  }
}

void Gathering::add_backends(ImportedService& service, const Answers::Addresses& addresses) {
  std::set<Address> seen;
  for (const NamedAddress* const each : addresses) {
    if (seen.insert(each->address).second) service.backends.push_back(each->address);
    if (service.places.empty() || service.places.back() != each->place) {
      service.places.push_back(each->place);
    }
  }
}

void Gathering::note_domain(const ImportedService& domain, const std::string& name) {
  drop(domain, text::in_quotes(name) + " has other addresses of its own, which go before this; " +
                   "names below it are not imported");
}

void Gathering::join_twins() {
  std::map<std::string, std::size_t> by_places;
  std::vector<ImportedService> joined;
  for (ImportedService& service : imported_.services) {
    std::string places;
    for (const Place& place : service.places)
      places += place.file + ":" + std::to_string(place.line) + "\n";
    const auto [entry, is_first] = by_places.try_emplace(std::move(places), joined.size());
    if (is_first || service.subdomains || service.backends != joined[entry->second].backends) {
      joined.push_back(std::move(service));
    } else {
      joined[entry->second].aliases.push_back(service.name);
    }
  }
  imported_.services = std::move(joined);
  index();
}

void Gathering::index() {
  by_name_.clear();
  for (std::size_t i = 0; i < imported_.services.size(); ++i) {
    by_name_.emplace(imported_.services[i].name, i);
    for (const std::string& alias : imported_.services[i].aliases)
      by_name_.emplace(alias, i);
  }
}

ImportedService* Gathering::target_of(const NamedAlias& alias) {
  std::string name = alias.target;
  for (std::size_t steps = 0; steps <= targets_.size(); ++steps) {
    if (const auto service = by_name_.find(name); service != by_name_.end()) {
      return &imported_.services[service->second];
    }
    const auto further = targets_.find(name);
    if (further == targets_.end()) return nullptr;
    name = further->second;
  }
  return nullptr;
}

void Gathering::note_alias(const NamedAlias& alias, const ImportedService& service) {
  ImportedService alone;
  add_backends(alone, answers_.of_name_alone(service.name));
  if (std::ranges::is_permutation(alone.backends, service.backends)) return;
  imported_.notes.push_back(
      {alias.place,
       text::in_quotes(alias.alias) + " gets all addresses of " + text::in_quotes(service.name) +
           "; dnsmasq gives an alias those alone that host-record= and hosts files say",
       true});
}

void Gathering::add_aliases(const std::vector<NamedAlias>& aliases) {
  for (const NamedAlias& each : aliases)
    targets_.try_emplace(each.alias, each.target);
  std::vector<std::pair<std::string, ImportedService*>> found;
  std::unordered_set<std::string> taken;
  for (const NamedAlias& each : aliases) {
    if (by_name_.contains(each.alias)) {
      imported_.notes.push_back(
          {each.place, text::in_quotes(each.alias) + " has addresses of its own, and is no alias"});
    } else if (!taken.insert(each.alias).second) {
      imported_.notes.push_back({each.place, text::in_quotes(each.alias) + " is an alias already"});
    } else if (ImportedService* service = target_of(each)) {
      found.emplace_back(each.alias, service);
      note_alias(each, *service);
    } else {
      imported_.notes.push_back(
          {each.place, text::in_quotes(each.target) + " has no addresses in these files"});
      left_out_.push_back(each.alias);
    }
  }
  for (const auto& [alias, service] : found)
    service->aliases.push_back(alias);
  index();
}

void Gathering::drop(const ImportedService& service, const std::string& why) {
  for (const Place& place : service.places)
    imported_.notes.push_back({place, why});
}

// Leaves out the services for which `fault` gives a reason, and notes that; it gives "" for others.
template <typename Fault>
void Gathering::drop_all_with(Fault fault) {
  std::vector<ImportedService> kept;
  for (ImportedService& service : imported_.services) {
    const std::string why = fault(service);
    if (why.empty()) {
      kept.push_back(std::move(service));
    } else {
      drop(service, why);
      leave_out(service);
    }
  }
  imported_.services = std::move(kept);
  index();
}

bool is_lone(const ImportedService& service) {
  const auto of_ipv4 =
      std::ranges::count(service.backends, Address::Family::ipv4, &Address::family);
  return of_ipv4 <= 1 && std::ssize(service.backends) - of_ipv4 <= 1;
}

void Gathering::select(const Selection& selection) {
  std::unordered_set<std::string> named;
  for (const std::string& text : selection.names) {
    const std::string name = config::canonical_hostname(text);
    const auto service = by_name_.find(name);
    if (service == by_name_.end()) {
      imported_.missing.push_back(text);
    } else {
      named.insert(imported_.services[service->second].name);
    }
  }
  if (!selection.names.empty()) {
    // They were asked for by name, so what was left out needs no note.
    std::erase_if(imported_.services, [&](const ImportedService& each) {
      const bool wanted = named.contains(each.name);
      if (!wanted) leave_out(each);
      return !wanted;
    });
    return index();
  }
  if (selection.lone) return;
  drop_all_with([](const ImportedService& service) {
    return is_lone(service) ? "has one address, so there is nothing to choose; --all imports it"
                            : "";
  });
}

void Gathering::add_exceptions(const Entries& entries) {
  std::vector<std::string> names;
  std::ranges::copy_if(left_out_, std::back_inserter(names),
                       [&](const std::string& name) { return !by_name_.contains(name); });
  hlb::ctl::add_exceptions(entries, names, imported_);
}

void Gathering::leave_out(const ImportedService& service) {
  left_out_.push_back(service.name);
  std::ranges::copy(service.aliases, std::back_inserter(left_out_));
}

void Gathering::limit() {
  drop_all_with([](const ImportedService& service) {
    return service.backends.size() <= kMaxBackends
               ? ""
               : "has " + std::to_string(service.backends.size()) + " addresses; at most " +
                     std::to_string(kMaxBackends) + " are possible in one service";
  });
}

// ---- as TOML -----------------------------------------------------------------------------------

constexpr std::size_t kPlacesShown = 10;

std::string to_text(const std::string& name) {
  return name;
}

std::string to_text(const Address& address) {
  return address.to_string();
}

template <typename T>
std::string array_of(const std::vector<T>& values) {
  std::string array = "[";
  for (const T& value : values) {
    if (array.size() > 1) array += ", ";
    array += toml_string(to_text(value));
  }
  return array + "]";
}

// The name of a file, which may be any bytes, for a comment, which must be UTF-8.
std::string in_ascii(std::string_view text) {
  std::string shown;
  for (const char c : text)
    shown += c >= 0x20 && c < 0x7f ? c : '?';
  return shown;
}

// A comment that says where a service was found: "# /etc/dnsmasq.conf:3, 5, /etc/hosts:1"
std::string comment_of(const std::vector<Place>& places) {
  std::string comment = "#";
  const std::string* file = nullptr;
  for (std::size_t i = 0; i < std::min(places.size(), kPlacesShown); ++i) {
    const Place& place = places[i];
    comment += i == 0 ? " " : ", ";
    if (file == nullptr || *file != place.file) {
      comment += in_ascii(place.file) + (place.line == 0 ? "" : ":");
    }
    if (place.line != 0) comment += std::to_string(place.line);
    file = &place.file;
  }
  return comment + (places.size() > kPlacesShown ? " ...\n" : "\n");
}

std::string to_toml(const ImportedService& service) {
  std::string text = comment_of(service.places);
  text += "[[service]]\nname = " + toml_string(service.name) + "\n";
  if (!service.aliases.empty()) text += "aliases = " + array_of(service.aliases) + "\n";
  if (service.subdomains) text += "subdomains = true\n";
  if (!service.except.empty()) text += "except = " + array_of(service.except) + "\n";
  text += "backends = " + array_of(service.backends) + "\n";
  if (!service.check.remark.empty()) text += "# " + service.check.remark + "\n";
  return text + "check = " + service.check.to_toml() + "\n";
}

}  // namespace

Imported make_services(const Entries& entries, const Selection& selection) {
  Gathering gathering(entries);
  gathering.add_addresses(entries);
  gathering.join_twins();
  gathering.add_aliases(entries.aliases());
  gathering.select(selection);
  gathering.limit();
  gathering.add_exceptions(entries);
  return gathering.take();
}

std::string to_toml(const std::vector<ImportedService>& services,
                    const std::vector<std::string>& remarks) {
  std::string text;
  for (const std::string& remark : remarks)
    text += "# " + remark + "\n";
  for (const ImportedService& service : services)
    text += "\n" + to_toml(service);
  return text;
}

}  // namespace hlb::ctl
