// What c/s/<service> holds: a service as [[service]] of hlbd.toml has it, read by the same reader,
// once all is refused that a fleet may not say.

#include <algorithm>
#include <array>
#include <utility>

#include "config/check.h"
#include "config/fleet.h"
#include "config/hostname.h"
#include "config/reader.h"
#include "config/service.h"
#include "fleet/entries.h"
#include "fleet/json.h"
#include "text/wording.h"

namespace hlb::fleet {
namespace {

using config::Entry;
using config::Value;

constexpr std::array<std::string_view, 2> kOwnKeys = {"agent", "on_change"};
// They name files, or run programs, of the host that reads them.
constexpr std::array<std::string_view, 2> kOwnTypes = {"exec", "file"};
constexpr std::array<std::string_view, 4> kOwnKeysOfChecks = {"ca", "certificate", "key", "netns"};

std::string not_the_fleets(std::string_view what) {
  return std::string(what) + " is for the host's own hlbd.toml alone; remove it";
}

Entry* find(Value::Table& table, std::string_view key) {
  const auto found = std::ranges::find(table, key, &Entry::key);
  return found == table.end() ? nullptr : &*found;
}

// Calls `use` with each check that is a table, as it must be.
template <typename Use>
void for_each_check(Value::Table& service, Use use) {
  Entry* const checks = find(service, "check");
  if (checks == nullptr) return;
  if (auto* single = std::get_if<Value::Table>(&checks->value.data)) use(*single);
  auto* several = std::get_if<Value::Array>(&checks->value.data);
  if (several == nullptr) return;
  for (Value& each : *several) {
    if (auto* check = std::get_if<Value::Table>(&each.data)) use(*check);
  }
}

// Why the fleet may not say that of a check; empty if it may.
std::string fault_of_check(Value::Table& check) {
  if (const Entry* type = find(check, "type")) {
    const auto* word = std::get_if<std::string>(&type->value.data);
    if (word != nullptr && std::ranges::find(kOwnTypes, *word) != kOwnTypes.end())
      return not_the_fleets("a check of type " + text::in_quotes(*word));
  }
  for (const std::string_view key : kOwnKeysOfChecks) {
    if (find(check, key) != nullptr) return not_the_fleets(text::in_quotes(key));
  }
  return "";
}

// Why the fleet may not say that of a service; empty if it may.
std::string fault_of_service(Value::Table& service, const std::string& name) {
  for (const std::string_view key : kOwnKeys) {
    if (find(service, key) != nullptr) return not_the_fleets(text::in_quotes(key));
  }
  if (find(service, "backends") != nullptr)
    return "\"backends\" have keys of their own here, c/b/" + name + "/<address>; remove it";
  const Entry* named = find(service, "name");
  if (named != nullptr && config::shown(named->value) != text::in_quotes(name)) {
    return "\"name\" is " + config::shown(named->value) + ", but the key says " +
           text::in_quotes(name) + "; remove it";
  }
  std::string fault;
  for_each_check(service, [&](Value::Table& check) {
    if (fault.empty()) fault = fault_of_check(check);
  });
  return fault;
}

// Drops what another version of hlb may mean.
void drop_unknown(Value::Table& service) {
  std::erase_if(service, [](const Entry& each) { return !config::is_key_of_services(each.key); });
  for_each_check(service, [](Value::Table& check) {
    std::erase_if(check, [](const Entry& each) { return !config::is_key_of_checks(each.key); });
  });
}

void set(Value::Table& table, std::string_view key, Value value) {
  std::erase_if(table, [&](const Entry& each) { return each.key == key; });
  table.push_back({std::string(key), {}, std::move(value)});
}

// Has it as hlbd.toml has a service that takes its backends from the fleet.
void complete(Value::Table& service, const std::string& name) {
  set(service, "name", {{}, name});
  Value::Table from{{"fleet", {}, {{}, name}}};
  set(service, "backends", {{}, Value::Array{{{}, std::move(from)}}});
}

// Why this host lets the fleet have no such service; empty if it may.
std::string fault_of_host(const FleetConfig& config, const ServiceSpec& service) {
  const auto no_name = [](std::string_view name) {
    return text::in_quotes(name) + R"( is not among "names" of [fleet] on this host)";
  };
  for (const std::string& alias : service.aliases) {
    if (!config::may_define(config, alias)) return no_name(alias);
  }
  // Of all names below it one stands for the others: a pattern that has it has them all.
  if (service.subdomains && !config::may_define(config, "*." + service.name))
    return no_name("*." + service.name);
  for (const CheckSpec& check : service.checks) {
    if (check.address && !config::may_give(config, *check.address)) {
      return text::in_quotes(check.address->to_string()) +
             R"( is not within "allow" of [fleet] on this host)";
    }
  }
  return "";
}

}  // namespace

Read<ServiceSpec> read_service(const FleetConfig& config, const KeySubject& of,
                               std::string_view text) {
  auto value = parse_value(text);
  if (!value) return tl::unexpected(std::move(value.error()));
  auto& table = std::get<Value::Table>(value->data);
  std::string fault = fault_of_service(table, of.service);
  if (fault.empty()) {
    drop_unknown(table);
    fault = fault_of_texts(*value);
  }
  if (!fault.empty()) return tl::unexpected(std::move(fault));
  complete(table, of.service);
  config::Faults faults("c/s/" + of.service);
  config::ClaimedNames names;
  ServiceSpec service = config::read_service(*value, names, faults);
  fault = told(faults.take());
  if (fault.empty()) fault = told(names.faults());
  if (fault.empty()) fault = fault_of_host(config, service);
  if (!fault.empty()) return tl::unexpected(std::move(fault));
  return service;
}

}  // namespace hlb::fleet
