#include "config/service.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "config/backends.h"
#include "config/check.h"
#include "config/program.h"
#include "text/duration.h"
#include "text/wording.h"

namespace hlb::config {

using namespace std::chrono_literals;

namespace {

constexpr std::array<NamedValue<AnswerMode>, 3> kAnswers = {{
    {"spread", AnswerMode::spread},
    {"one", AnswerMode::one},
    {"all", AnswerMode::all},
}};

constexpr std::array<NamedValue<WhenAllDown>, 3> kAllDownRules = {{
    {"fail", WhenAllDown::fail},
    {"all", WhenAllDown::all},
    {"next", WhenAllDown::next},
}};

constexpr std::array<NamedValue<CloseConnections>, 3> kCloseRules = {{
    {"never", CloseConnections::never},
    {"stale", CloseConnections::stale},
    {"all", CloseConnections::all},
}};

constexpr DurationRange kSlowStart = {0s, 1h};
constexpr DurationRange kFailback = {1s, std::chrono::days(30)};

constexpr std::string_view kMinHealthyForm =
    R"(how many backends, 1 to 4096, or a share of them such as "50%", "1%" to "100%")";
constexpr std::string_view kPanicForm =
    R"(a share of the backends such as "50%", "1%" to "100%"; without it there is no panic)";
constexpr std::string_view kFailbackForm =
    R"("at once", "manual" or a duration such as "10m", 1s to 30d)";

// ---- name and aliases --------------------------------------------------------------------------

// The name in canonical form; empty when it can't be one, which is noted.
std::string claim_name(const std::string& text, Position at, ClaimedNames& names, Faults& faults) {
  const auto name = parse_hostname(text);
  if (!name) {
    faults.add(at, text::in_quotes(text) + " " + name.error());
  } else if (const auto first = names.claim(*name, faults.place(at))) {
    faults.add(at,
               text::in_quotes(text) + " is a name at " + *first + " already; rename one of them");
  }
  return name.value_or("");
}

std::string read_name(TableReader& table, ClaimedNames& names, Faults& faults) {
  const Value* value = table.require("name", R"(add name = "app.example")");
  const std::string* text = table.text("name");
  return text == nullptr ? "" : claim_name(*text, value->at, names, faults);
}

std::vector<std::string> read_aliases(TableReader& table, ClaimedNames& names, Faults& faults) {
  const Value::Array* array = table.array("aliases", R"(["www.example"])");
  if (array == nullptr) return {};
  std::vector<std::string> aliases;
  for (const Value& value : *array) {
    if (const auto* text = std::get_if<std::string>(&value.data)) {
      aliases.push_back(claim_name(*text, value.at, names, faults));
    } else {
      faults.add(value.at,
                 std::string("an alias must be a string in quotes, not ").append(kind_of(value)));
    }
  }
  return aliases;
}

// Notes when the name can't be an exception of the service's.
void read_exception(const Value& value, ServiceSpec& service, ClaimedNames& names, Faults& faults) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) {
    return faults.add(
        value.at,
        std::string("an exception must be a string in quotes, not ").append(kind_of(value)));
  }
  const auto name = parse_hostname(*text);
  if (!name) return faults.add(value.at, text::in_quotes(*text) + " " + name.error());
  if (!name->ends_with("." + service.name)) {
    return faults.add(value.at, text::in_quotes(*text) + " isn't below " + service.name +
                                    ", as www." + service.name +
                                    " is; remove it, or put it into the service that it is of");
  }
  service.except.push_back(*name);
  names.except(*name, service.name, {faults.file(), value.at.line, value.at.column, ""});
}

// To be called when the service's name has been read.
void read_subdomains(TableReader& table, ServiceSpec& service, ClaimedNames& names,
                     Faults& faults) {
  table.boolean("subdomains", service.subdomains);
  const Value::Array* array = table.array("except", R"(["git.dev.example"])");
  if (service.subdomains && !service.name.empty()) names.claim_below(service.name);
  if (array == nullptr || array->empty()) return;
  if (!service.subdomains) {
    return faults.add(table.find("except")->at,
                      "\"except\" is about names below a service's with subdomains = true; add "
                      "that, or remove it");
  }
  if (service.name.empty()) return;  // which is a fault already
  for (const Value& value : *array)
    read_exception(value, service, names, faults);
}

// ---- which priorities serve --------------------------------------------------------------------

// The number in a text like "50%"; nullopt unless that is 1 to 100.
std::optional<std::uint8_t> percent_of(const Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr || !text->ends_with('%')) return std::nullopt;
  const char* const end = text->data() + text->size() - 1;
  std::uint8_t percent = 0;
  const auto [rest, error] = std::from_chars(text->data(), end, percent);
  if (error != std::errc() || rest != end || percent < 1 || percent > 100) return std::nullopt;
  return percent;
}

std::optional<MinHealthy> min_healthy_of(const Value& value) {
  if (const auto percent = percent_of(value)) return MinHealthy{.percent = *percent};
  const auto* number = std::get_if<std::int64_t>(&value.data);
  if (number == nullptr || *number < 1 || *number > std::int64_t{kMaxBackends}) return std::nullopt;
  return MinHealthy{.number = static_cast<std::uint16_t>(*number)};
}

void read_failback(TableReader& table, ServiceSpec& service, Faults& faults) {
  const Value* value = table.find("failback");
  if (value == nullptr) return;
  const auto* text = std::get_if<std::string>(&value->data);
  const auto duration = text == nullptr ? std::nullopt : text::parse_duration(*text);
  if (text != nullptr && *text == "at once") {
    service.failback = 0ms;
  } else if (text != nullptr && *text == "manual") {
    service.failback.reset();
  } else if (duration && *duration >= kFailback.least && *duration <= kFailback.most) {
    service.failback = duration;
  } else {
    faults.add(value->at, text::must_be("failback", kFailbackForm, shown(*value)));
  }
}

void read_standby_rules(TableReader& table, ServiceSpec& service, Faults& faults) {
  if (const Value* value = table.find("min_healthy")) {
    if (const auto least = min_healthy_of(*value)) {
      service.min_healthy = *least;
    } else {
      faults.add(value->at, text::must_be("min_healthy", kMinHealthyForm, shown(*value)));
    }
  }
  if (const Value* value = table.find("panic")) {
    if (const auto percent = percent_of(*value)) {
      service.panic_percent = *percent;
    } else {
      faults.add(value->at, text::must_be("panic", kPanicForm, shown(*value)));
    }
  }
  read_failback(table, service, faults);
}

// ---- backends and checks -----------------------------------------------------------------------

// Notes that `what`, a backend, has no port: `backend` is the key and value that name it, `check`
// what the check's table is called.
void demand_port(Position at, std::string_view what, std::string_view backend,
                 std::string_view check, Faults& faults) {
  std::string message = "there is no port to check ";
  message.append(what).append(" at; add one to ").append(check).append(", or write { ");
  message.append(backend).append(", port = 8080 }");
  faults.add(at, std::move(message));
}

void demand_ports(const Backends& backends, std::string_view check, Faults& faults) {
  for (const auto& [spec, at] : backends.addresses) {
    if (spec.port != 0) continue;
    const std::string address = spec.address.to_string();
    demand_port(at, address, "address = " + text::in_quotes(address), check, faults);
  }
  for (const auto& [spec, at] : backends.names) {
    if (spec.port != 0 || spec.srv) continue;
    demand_port(at, spec.name, "name = " + text::in_quotes(spec.name), check, faults);
  }
}

std::vector<PlacedCheck> read_checks_of(TableReader& table, const ServiceSpec& service,
                                        Faults& faults) {
  const Value* value =
      table.require("check", R"(add [service.check] with type = "tcp" or "http", and a port)");
  if (value == nullptr) return {};
  return read_checks(*value, service.name, faults);
}

Backends read_backends_of(TableReader& table, ServiceSpec& service, ClaimedNames& names,
                          Faults& faults) {
  const Value* value = table.require("backends", R"(add backends = ["10.0.0.1"])");
  if (value == nullptr) return {};
  Backends backends = read_backends(*value, faults);
  for (const PlacedBackend& backend : backends.addresses)
    service.backends.push_back(backend.spec);
  for (const auto& [spec, at] : backends.names) {
    service.named.push_back(spec);
    names.look_up(spec.name, {faults.file(), at.line, at.column, ""});
  }
  for (const auto& [name, at] : backends.of_fleet)
    service.fleet.push_back(names.take_from_fleet(name, {faults.file(), at.line, at.column, ""}));
  return backends;
}

// To be called when the service's checks have been read.
void read_checks_needed(TableReader& table, ServiceSpec& service, Faults& faults) {
  table.integer("checks_needed", 1, UINT16_MAX, service.checks_needed);
  const std::size_t checks = service.checks.size();
  if (checks == 0 || service.checks_needed <= checks) return;
  faults.add(table.find("checks_needed")->at,
             text::in_quotes("checks_needed") + " is " + std::to_string(service.checks_needed) +
                 ", but the service's checks are " + std::to_string(checks) +
                 "; lower it, or add a [[service.check]]");
}

void read_backends_and_checks(TableReader& table, ServiceSpec& service, ClaimedNames& names,
                              Faults& faults) {
  const Backends backends = read_backends_of(table, service, names, faults);

  std::vector<PlacedCheck> checks = read_checks_of(table, service, faults);
  // One such check is told for all: a port of the backend's own serves each of them.
  const auto without_port = std::ranges::find(checks, true, &PlacedCheck::lacks_port);
  if (without_port != checks.end()) demand_ports(backends, without_port->table, faults);
  for (PlacedCheck& check : checks)
    service.checks.push_back(std::move(check.spec));
  read_checks_needed(table, service, faults);
}

// ---- connections of the dead -------------------------------------------------------------------

constexpr std::size_t kMostClosePorts = 16;

void read_close_ports(TableReader& table, ServiceSpec& service, Faults& faults) {
  const Value::Array* array = table.array("close_ports", "[5432]");
  if (array == nullptr) return;
  for (const Value& value : *array) {
    const auto* number = std::get_if<std::int64_t>(&value.data);
    if (number == nullptr || *number < 1 || *number > UINT16_MAX) {
      faults.add(value.at, "a port must be a number from 1 to 65535, not " + shown(value));
    } else {
      service.close_ports.push_back(static_cast<std::uint16_t>(*number));
    }
  }
  std::ranges::sort(service.close_ports);
  const auto again = std::ranges::unique(service.close_ports);
  service.close_ports.erase(again.begin(), again.end());
  if (array->size() <= kMostClosePorts) return;
  faults.add(table.find("close_ports")->at, "close_ports has more than " +
                                                std::to_string(kMostClosePorts) +
                                                " ports; give those that clients connect to");
}

// To be called when the service's checks and backends have been read.
void read_close_connections(TableReader& table, ServiceSpec& service, Faults& faults) {
  table.choice("close_connections", kCloseRules, service.close_connections);
  read_close_ports(table, service, faults);
  const Value* value = table.find("close_connections");
  if (value == nullptr || service.close_connections == CloseConnections::never) return;
  // Names that SRV records are of have ports.
  const bool lacks_port =
      std::ranges::any_of(
          service.backends,
          [&](const BackendSpec& each) { return ports_used(service, each).empty(); }) ||
      std::ranges::any_of(service.named, [&](const NamedBackends& each) {
        return !each.srv && ports_used(service, {.address = {}, .port = each.port}).empty();
      });
  if (!lacks_port || service.checks.empty()) return;
  faults.add(value->at,
             "nothing says at which port there are connections to close, as no check asks at one; "
             "add close_ports = [5432], with the ports that clients connect to");
}

// An empty command counts too: it says that none is run for this service.
void read_on_change(TableReader& table, ServiceSpec& service, Faults& faults) {
  std::vector<std::string> command = read_command(table, "on_change", kHookExample, faults);
  if (table.find("on_change") != nullptr) service.on_change = std::move(command);
}

void read_keys(TableReader& table, ServiceSpec& service, ClaimedNames& names, Faults& faults) {
  service.name = read_name(table, names, faults);
  service.aliases = read_aliases(table, names, faults);
  read_subdomains(table, service, names, faults);
  table.choice("answer", kAnswers, service.answer);
  table.integer("max_addresses", 1, kMaxBackends, service.max_addresses);
  table.choice("when_all_down", kAllDownRules, service.when_all_down);
  read_standby_rules(table, service, faults);
  read_backends_and_checks(table, service, names, faults);
  if (const Value* agent = table.find("agent")) {
    service.checks.push_back(read_agent(*agent, service.name, faults));
  }
  table.duration("slow_start", kSlowStart, service.slow_start);
  read_close_connections(table, service, faults);
  read_on_change(table, service, faults);
}

// What is wrong with a check's key in a service; else empty.
std::string fault_of_checks_key(std::string_view key) {
  if (!is_key_of_checks(key)) return "";
  return text::in_quotes(key) + " is a key of the check; move it below [service.check]";
}

std::vector<std::string_view> keys_of_services() {
  const Value nothing{{}, Value::Table{}};
  Faults ignored("");
  ClaimedNames no_names;
  TableReader keys(nothing, "", ignored);
  ServiceSpec service;
  read_keys(keys, service, no_names, ignored);
  return keys.known();
}

}  // namespace

bool is_key_of_services(std::string_view key) {
  static const std::vector<std::string_view> all = keys_of_services();
  return std::ranges::find(all, key) != all.end();
}

ServiceSpec read_service(const Value& value, ClaimedNames& names, Faults& faults) {
  ServiceSpec service;
  if (value.as_table() == nullptr) {
    faults.add(
        value.at,
        std::string("a service must be a table written [[service]], not ").append(kind_of(value)));
    return service;
  }
  TableReader table(value, "[[service]]", faults);
  read_keys(table, service, names, faults);
  table.reject_unknown(fault_of_checks_key);
  return service;
}

}  // namespace hlb::config
