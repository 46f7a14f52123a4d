#include "fleet/catalog.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "config/fleet.h"
#include "text/wording.h"

namespace hlb::fleet {
namespace {

// Why this host doesn't let the fleet say anything of it; empty if it does.
std::string fault_of_subject(const FleetConfig& config, const KeySubject& subject) {
  if (!config::may_define(config, subject.service))
    return text::in_quotes(subject.service) + R"( is not among "names" of [fleet] on this host)";
  if (subject.kind == KeySubject::Kind::service || config::may_give(config, subject.address))
    return "";
  return text::in_quotes(subject.address.to_string()) +
         R"( is not within "allow" of [fleet] on this host)";
}

// Whether the service has other names of its own, or other exceptions.
bool differ_in_names(const ServiceSpec& one, const ServiceSpec& other) {
  return one.aliases != other.aliases || one.except != other.except;
}

}  // namespace

Catalog::Catalog(FleetConfig config) : config_(std::move(config)), keys_(config_.prefix) {}

// ---- changes -----------------------------------------------------------------------------------

std::vector<RefusedKey> Catalog::take(std::span<const Change> changes) {
  told_before_.clear();
  for (const Change& change : changes)
    take(change);
  if (std::exchange(to_share_, false)) share_names();
  for (const std::string& name : std::exchange(to_place_, {}))
    place_backends(name);
  std::vector<RefusedKey> news;
  for (const auto& [key, before] : std::exchange(told_before_, {})) {
    const auto found = refused_.find(key);
    const Refusal now = found == refused_.end() ? Refusal() : found->second;
    const bool again = now.told() == before;
    if (!again || !now.of_value.empty())
      news.push_back({key, now.told(), !now.of_value.empty(), again});
  }
  return news;
}

void Catalog::take(const Change& change) {
  const auto subject = keys_.parse(change.key);
  std::string fault = subject ? "" : subject.error();
  const bool of_service = subject && !subject->service.empty();
  if (of_service) fault = fault_of_subject(config_, *subject);
  if (!fault.empty() || !of_service)
    return refuse(keys_.brief(change.key), &Refusal::of_value, change.value ? fault : "");
  OfName& of = names_[subject->service];
  if (subject->kind == KeySubject::Kind::service) {
    change_service(*subject, change, of);
  } else if (subject->kind == KeySubject::Kind::backend) {
    change_backend(*subject, change, of);
  } else {
    change_override(*subject, change, of);
  }
  if (of.empty()) names_.erase(subject->service);
}

// Puts the value in place, or takes out the one there. Returns whether anything changed, which
// isn't so where the value is refused.
template <typename T, typename Reader>
bool Catalog::put(std::optional<T>& good, const Change& change, Reader read) {
  const std::string key = keys_.brief(change.key);
  if (!change.value) {
    refuse(key, &Refusal::of_value, "");
    refuse(key, &Refusal::of_place, "");
    return std::exchange(good, std::nullopt).has_value();
  }
  Read<T> value = read(*change.value);
  refuse(key, &Refusal::of_value, value ? "" : value.error());
  if (!value) return false;
  const bool changed = !good || *good != *value;
  good = std::move(*value);
  return changed;
}

template <typename T, typename Reader>
bool Catalog::put(std::map<Address, T>& all, const Address& address, const Change& change,
                  Reader read) {
  std::optional<T> good;
  if (const auto found = all.find(address); found != all.end()) good = std::move(found->second);
  const bool changed = put(good, change, std::move(read));
  if (good) {
    all.insert_or_assign(address, std::move(*good));
  } else {
    all.erase(address);
  }
  return changed;
}

void Catalog::change_service(const KeySubject& subject, const Change& change, OfName& of) {
  const std::optional<ServiceSpec> before = of.service;
  const bool changed = put(of.service, change, [&](std::string_view text) {
    return read_service(config_, subject, text);
  });
  if (!changed) return;
  touched_.services.insert(subject.service);
  to_place_.insert(subject.service);
  if (before && of.service && !differ_in_names(*before, *of.service)) return;
  touched_.names = true;
  to_share_ = true;
}

void Catalog::change_backend(const KeySubject& subject, const Change& change, OfName& of) {
  const bool changed = put(of.backends, subject.address, change, [&](const std::string& text) {
    return read_backend_like_last(subject, text);
  });
  if (!changed) return;
  touched_.services.insert(subject.service);
  to_place_.insert(subject.service);
}

// The address counts for nothing in how a value is read: that of a key is one that backends can
// have.
Read<FleetBackend> Catalog::read_backend_like_last(const KeySubject& subject,
                                                   const std::string& text) {
  if (!last_read_ || last_read_->first != text) {
    Read<FleetBackend> read = read_backend(subject, text);
    if (!read) return read;
    last_read_.emplace(text, *std::move(read));
  }
  FleetBackend backend = last_read_->second;
  backend.spec.address = subject.address;
  return backend;
}

void Catalog::change_override(const KeySubject& subject, const Change& change, OfName& of) {
  if (put(of.overrides, subject.address, change, read_override))
    touched_.overrides.insert({subject.service, subject.address});
}

// ---- what keys mean beside each other ----------------------------------------------------------

// Says whose each alias is: a service's name is no other's alias, and of several services the first
// by name has it. So all hosts agree, in whichever order the keys came to them.
void Catalog::share_names() {
  std::size_t count = 0;
  for (auto& [name, of] : names_) {
    if (of.service) change_place(name, of.beyond, ++count > kMaxFleetServices);
  }
  std::unordered_map<std::string_view, std::string_view> owners;
  for (auto& [name, of] : names_) {
    if (!of.service) continue;
    std::vector<std::string> not_its;
    std::string reason;
    if (of.beyond) {
      reason = "there are " + std::to_string(kMaxFleetServices) + " services before it by name, " +
               "as many as are possible; remove some";
    } else {
      reason = find_others(name, of, owners, not_its);
    }
    change_place(name, of.not_its, std::move(not_its));
    if (!reason.empty() || !refused_.empty())
      refuse(keys_.brief(keys_.service(name)), &Refusal::of_place, std::move(reason));
  }
}

// Gathers the service's aliases that are others'. Returns what there is to say of that.
std::string Catalog::find_others(const std::string& name, const OfName& of,
                                 std::unordered_map<std::string_view, std::string_view>& owners,
                                 std::vector<std::string>& not_its) const {
  std::string reason;
  for (const std::string& alias : of.service->aliases) {
    const OfName* const named_so = find(alias);
    const bool is_name = named_so != nullptr && named_so->service && !named_so->beyond;
    const std::string_view owner = is_name ? alias : owners.try_emplace(alias, name).first->second;
    if (owner == name) continue;
    not_its.push_back(alias);
    if (!reason.empty()) continue;
    reason = "the alias " + text::in_quotes(alias) + " is left out, as c/s/" + std::string(owner) +
             " has it";
  }
  return reason;
}

template <typename T>
void Catalog::change_place(const std::string& name, T& place, T now) {
  if (place == now) return;
  place = std::move(now);
  touched_.services.insert(name);
  touched_.names = true;
}

// Says which backends the service of that name can't have.
void Catalog::place_backends(const std::string& name) {
  const OfName* const of = find(name);
  if (of == nullptr) return;
  std::size_t count = 0;
  for (const auto& [address, backend] : of->backends) {
    std::string reason;
    if (of->service && !has_port_to_check(*of->service, backend.spec)) {
      reason = "there is no port to check it at; add one to it, or to the checks of c/s/" + name;
    } else if (++count > kMaxBackends) {
      reason = "there are " + std::to_string(kMaxBackends) +
               " backends before it by address, as many as a service can have; remove some";
    }
    if (!reason.empty() || !refused_.empty()) {
      refuse(keys_.brief(keys_.backend(name, address)), &Refusal::of_place, std::move(reason));
    }
  }
}

void Catalog::refuse(const std::string& key, std::string Refusal::* why, std::string reason) {
  const auto found = refused_.find(key);
  if (found == refused_.end() && reason.empty()) return;
  Refusal& refusal = found == refused_.end() ? refused_[key] : found->second;
  told_before_.try_emplace(key, refusal.told());
  refusal.*why = std::move(reason);
  if (refusal.told().empty()) refused_.erase(key);
}

// ---- what it says ------------------------------------------------------------------------------

std::vector<RefusedKey> Catalog::refused() const {
  std::vector<RefusedKey> keys;
  keys.reserve(refused_.size());
  for (const auto& [key, refusal] : refused_)
    keys.push_back({key, refusal.told(), !refusal.of_value.empty()});
  return keys;
}

std::vector<std::string_view> Catalog::services() const {
  std::vector<std::string_view> names;
  for (const auto& [name, of] : names_) {
    if (of.service && !of.beyond) names.push_back(name);
  }
  return names;
}

std::optional<ServiceSpec> Catalog::service(std::string_view name) const {
  const OfName* const of = find(name);
  if (of == nullptr || !of->service || of->beyond) return std::nullopt;
  ServiceSpec service = *of->service;
  std::erase_if(service.aliases, [&](const std::string& alias) {
    return std::ranges::find(of->not_its, alias) != of->not_its.end();
  });
  service.backends.reserve(of->backends.size());
  for (const auto& [address, backend] : of->backends) {
    if (service.backends.size() == kMaxBackends) break;
    if (has_port_to_check(service, backend.spec)) service.backends.push_back(backend.spec);
  }
  return service;
}

std::vector<BackendSpec> Catalog::backends(std::string_view name) const {
  std::vector<BackendSpec> backends;
  if (const OfName* const of = find(name)) {
    for (const auto& [address, backend] : of->backends)
      backends.push_back(backend.spec);
  }
  return backends;
}

const FleetBackend* Catalog::backend(std::string_view service, const Address& address) const {
  const OfName* const of = find(service);
  if (of == nullptr) return nullptr;
  const auto found = of->backends.find(address);
  return found == of->backends.end() ? nullptr : &found->second;
}

const FleetOverride* Catalog::override(std::string_view service, const Address& address) const {
  const OfName* const of = find(service);
  if (of == nullptr) return nullptr;
  const auto found = of->overrides.find(address);
  return found == of->overrides.end() ? nullptr : &found->second;
}

std::vector<Overrides::Key> Catalog::forgettable() const {
  std::vector<Overrides::Key> keys;
  for (const auto& [name, of] : names_) {
    for (const auto& [address, backend] : of.backends)
      if (backend.forget_after.count() > 0) keys.push_back({name, address});
  }
  return keys;
}

std::vector<Overrides::Key> Catalog::overrides() const {
  std::vector<Overrides::Key> keys;
  for (const auto& [name, of] : names_) {
    for (const auto& [address, override] : of.overrides)
      keys.push_back({name, address});
  }
  return keys;
}

Catalog::Touched Catalog::touched() {
  return std::exchange(touched_, {});
}

const Catalog::OfName* Catalog::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second;
}

}  // namespace hlb::fleet
