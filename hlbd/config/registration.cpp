#include "config/registration.h"

#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "config/backends.h"
#include "config/fleet.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

std::string read_service_of(TableReader& table, Faults& faults) {
  const Value* value = table.require("service", R"(add service = "app.internal")");
  const std::string* text = table.text("service");
  if (text == nullptr) return "";
  const auto name = parse_hostname(*text);
  if (!name) faults.add(value->at, text::in_quotes(*text) + " " + name.error());
  return name.value_or("");
}

Address read_address_of(TableReader& table, Faults& faults) {
  const Value* value = table.require("address", R"(add address = "10.0.0.7", as clients reach it)");
  const std::string* text = table.text("address");
  if (text == nullptr) return {};
  const auto address = parse_address(*text);
  if (!address) {
    faults.add(value->at, text::in_quotes(*text) + " " + address.error());
  } else if (address->is_loopback() || address->scope_id != 0) {
    faults.add(value->at, text::in_quotes(*text) +
                              " means another host everywhere else; give the address at which "
                              "others reach this one");
  }
  return address.value_or(Address());
}

PlacedRegistration read_registration(const Value& value, Faults& faults) {
  PlacedRegistration placed{{}, {faults.file(), value.at.line, value.at.column, ""}};
  if (value.as_table() == nullptr) {
    faults.add(value.at, std::string("a registration must be a table written [[register]], not ")
                             .append(kind_of(value)));
    return placed;
  }
  Registration& registration = placed.registration;
  TableReader table(value, "[[register]]", faults);
  registration.service = read_service_of(table, faults);
  registration.address = read_address_of(table, faults);
  table.integer("port", 1, std::numeric_limits<std::uint16_t>::max(), registration.port);
  table.integer("weight", 0, kMaxWeight, registration.weight);
  table.integer("priority", 0, std::numeric_limits<std::uint16_t>::max(), registration.priority);
  table.boolean("deregister_on_stop", registration.deregister_on_stop);
  table.duration("forget_after", kForgetAfter, registration.forget_after);
  table.reject_unknown();
  return placed;
}

// ---- what needs a fleet ------------------------------------------------------------------------

constexpr std::string_view kNeedsFleet = " needs a fleet; add [fleet] to hlbd.toml, or remove it";

// Why the fleet can't have a service of that name; empty when it can. A fleet with faults of its
// own may lack them all.
std::string name_fault(const FleetConfig& fleet, const std::string& name) {
  if (fleet.names.empty() || may_define(fleet, name)) return "";
  return text::in_quotes(name) + R"( is not among "names" of [fleet]; add it there)";
}

std::string registration_fault(const FleetConfig* fleet, const Registration& registration) {
  if (fleet == nullptr) return "[[register]]" + std::string(kNeedsFleet);
  if (std::string fault = name_fault(*fleet, registration.service); !fault.empty()) return fault;
  if (fleet->allow.empty() || may_give(*fleet, registration.address)) return "";
  return text::in_quotes(registration.address.to_string()) +
         R"( is not within "allow" of [fleet]; add it there)";
}

}  // namespace

std::vector<PlacedRegistration> read_registrations(const Value& tables, Faults& faults) {
  std::vector<PlacedRegistration> registrations;
  const Value::Array* array = tables.as_array();
  if (array == nullptr) {
    faults.add(tables.at, std::string("\"register\" must be an array of tables, [[register]], not ")
                              .append(kind_of(tables)));
    return registrations;
  }
  for (const Value& each : *array)
    registrations.push_back(read_registration(each, faults));
  return registrations;
}

ConfigErrors faults_beside(const FleetConfig* fleet, const std::vector<FromFleet>& services,
                           const std::vector<PlacedRegistration>& registrations) {
  ConfigErrors faults;
  const auto add = [&](const ConfigError& at, std::string message) {
    if (!message.empty()) faults.emplace_back(at).message = std::move(message);
  };
  for (const auto& [service, at] : services) {
    add(at, fleet == nullptr
                ? "{ fleet = " + text::in_quotes(service) + " }" + std::string(kNeedsFleet)
                : name_fault(*fleet, service));
  }
  std::map<std::pair<std::string, Address>, const ConfigError*> first;
  for (const auto& [registration, at] : registrations) {
    add(at, registration_fault(fleet, registration));
    const auto [there, is_new] =
        first.try_emplace({registration.service, registration.address}, &at);
    if (!is_new && !registration.service.empty()) {
      add(at, "this is registered at " + there->second->place() + " already; remove one of them");
    }
  }
  return faults;
}

}  // namespace hlb::config
