#include "operators/bus/object_tree.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace hlb::bus {
namespace {

constexpr std::size_t kAtOnce = 50;

std::pair<std::string, std::string> take_last(
    std::vector<std::pair<std::string, std::string>>& keys) {
  auto last = std::move(keys.back());
  keys.pop_back();
  return last;
}

}  // namespace

ObjectTree::ObjectTree(sdbus::IConnection& connection, LoopSide& loop)
    : connection_(connection), loop_(loop) {
  outdated();
}

std::vector<ObjectTree::Key> ObjectTree::wanted() const {
  std::vector<Key> keys;
  for (ServiceReport& each : loop_.services())
    keys.emplace_back(std::move(each.name), "");
  for (BackendReport& each : loop_.all_backends())
    keys.emplace_back(std::move(each.service), std::move(each.address));
  if (keys.size() > kMost) keys.clear();
  return keys;
}

void ObjectTree::outdated() {
  const std::vector<Key> wanted_keys = wanted();
  const std::set<Key> want(wanted_keys.begin(), wanted_keys.end());
  std::set<Key> have;
  for (const auto& [key, object] : services_)
    have.insert(key);
  for (const auto& [key, object] : backends_)
    have.insert(key);
  to_make_.clear();
  to_drop_.clear();
  std::ranges::set_difference(want, have, std::back_inserter(to_make_));
  std::ranges::set_difference(have, want, std::back_inserter(to_drop_));
}

bool ObjectTree::step() {
  for (std::size_t i = 0; i < kAtOnce && !to_drop_.empty(); ++i)
    drop(take_last(to_drop_));
  for (std::size_t i = 0; i < kAtOnce && !to_make_.empty(); ++i)
    make(take_last(to_make_));
  return !to_drop_.empty() || !to_make_.empty();
}

void ObjectTree::make(const Key& key) {
  const auto& [service, address] = key;
  if (address.empty()) {
    auto object = std::make_unique<ServiceObject>(connection_, loop_, service);
    if (announced_) object->emitInterfacesAddedSignal();
    services_.emplace(key, std::move(object));
  } else {
    auto object = std::make_unique<BackendObject>(connection_, loop_, service, address);
    if (announced_) object->emitInterfacesAddedSignal();
    backends_.emplace(key, std::move(object));
  }
}

void ObjectTree::drop(const Key& key) {
  if (const auto found = services_.find(key); found != services_.end()) {
    found->second->emitInterfacesRemovedSignal();
    services_.erase(found);
  }
  if (const auto found = backends_.find(key); found != backends_.end()) {
    found->second->emitInterfacesRemovedSignal();
    backends_.erase(found);
  }
}

void ObjectTree::changed(const std::string& service, const std::string& address) {
  const Key key(service, address);
  if (const auto found = services_.find(key); found != services_.end()) found->second->changed();
  if (const auto found = backends_.find(key); found != backends_.end()) found->second->changed();
}

}  // namespace hlb::bus
