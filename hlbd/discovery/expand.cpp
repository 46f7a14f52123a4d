#include "discovery/expand.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace hlb::discovery {
namespace {

// A target's chance for each unit of its weight, as a multiple of the chance of a target of weight
// 0.
constexpr std::uint32_t kAboveZero = 100;

struct Weights {
  std::uint32_t most = 0;
  bool any_zero = false;
};

std::map<std::uint16_t, Weights> weights_by_priority(const std::vector<SrvTarget>& targets) {
  std::map<std::uint16_t, Weights> weights;
  for (const SrvTarget& target : targets) {
    Weights& of_priority = weights[target.priority];
    of_priority.most = std::max<std::uint32_t>(of_priority.most, target.weight);
    of_priority.any_zero |= target.weight == 0;
  }
  return weights;
}

std::uint32_t weight_of(const SrvTarget& target, const Weights& others) {
  if (target.weight == 0) return 1;
  if (!others.any_zero) return target.weight;
  return target.weight * std::clamp(kMaxWeight / others.most, 1U, kAboveZero);
}

// The time for which KnownName uses an answer.
std::chrono::seconds in_use(std::chrono::seconds ttl) {
  return std::clamp<std::chrono::seconds>(ttl, kLeastUse, kMostUse);
}

class Expander {
 public:
  Expander(const ServiceSpec& service, const FindName& known, bool may_wait)
      : known_(known), may_wait_(may_wait), expansion_{service, 0} {
    expansion_.service.named.clear();
    for (const BackendSpec& backend : service.backends)
      taken_.insert(backend.address);
  }

  void add(const NamedBackends& named) {
    const NameKey key{named.name, named.srv};
    const KnownName* name = find(key);
    bool waits = name == nullptr;
    if (named.srv && name != nullptr) waits |= add_targets(named, *name);
    if (!named.srv && name != nullptr)
      add_addresses(*name, {{{}, named.weight, named.priority, named.port}, key});
    if (waits && may_wait_) expansion_.service.named.push_back(named);
  }

  Expansion take() { return std::move(expansion_); }

 private:
  // Finds a name that has had an answer; nullptr for any other.
  const KnownName* find(const NameKey& key) const {
    const KnownName* name = known_(key);
    return name != nullptr && name->known() ? name : nullptr;
  }

  // Adds the addresses of an SRV record's targets. Returns whether a target awaits its first
  // answer.
  bool add_targets(const NamedBackends& named, const KnownName& srv) {
    const std::vector<SrvTarget>& targets = srv.targets();
    const DnsAnswer& answer = srv.answers().front();
    const auto weights = weights_by_priority(targets);
    bool waits = false;
    for (const SrvTarget& target : targets) {
      const KnownName* name = find({target.name, false});
      waits |= name == nullptr;
      if (name == nullptr) continue;
      const std::uint16_t port = named.port != 0 ? named.port : target.port;
      const std::uint32_t weight = weight_of(target, weights.at(target.priority));
      add_addresses(*name, {{{}, weight, target.priority, port},
                            {named.name, true},
                            answer.came,
                            in_use(answer.ttl)});
    }
    return waits;
  }

  void add_addresses(const KnownName& name, const Given& by) {
    for (const DnsAnswer& answer : name.answers()) {
      Given given = by;
      given.last = std::max(by.last, answer.came);
      given.ttl = std::max(by.ttl, in_use(answer.ttl));
      for (const Address& address : answer.addresses) {
        given.backend.address = address;
        add(given);
      }
    }
  }

  void add(const Given& given) {
    const BackendSpec& backend = given.backend;
    std::vector<BackendSpec>& backends = expansion_.service.backends;
    if (taken_.contains(backend.address)) return;
    if (backends.size() == kMaxBackends || !has_port_to_check(expansion_.service, backend)) {
      ++expansion_.left_out;
      return;
    }
    taken_.insert(backend.address);
    backends.push_back(backend);
    expansion_.given.push_back(given);
  }

  const FindName& known_;
  bool may_wait_;
  Expansion expansion_;
  std::set<Address> taken_;
};

}  // namespace

std::map<NameKey, std::string_view> names_of(std::span<const ServiceSpec> services,
                                             const FindName& known) {
  std::map<NameKey, std::string_view> names;
  for (const ServiceSpec& service : services) {
    for (const NamedBackends& named : service.named) {
      const KnownName* name = known({named.name, named.srv});
      names.try_emplace({named.name, named.srv}, service.name);
      if (!named.srv || name == nullptr) continue;
      for (const SrvTarget& target : name->targets())
        names.try_emplace({target.name, false}, service.name);
    }
  }
  return names;
}

Expansion expand(const ServiceSpec& service, const FindName& known, bool may_wait) {
  Expander expander(service, known, may_wait);
  for (const NamedBackends& named : service.named)
    expander.add(named);
  return expander.take();
}

}  // namespace hlb::discovery
