#include "config/service.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/agent.h"
#include "config/backends.h"
#include "config/check.h"
#include "config/program.h"
#include "config/standby.h"
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

constexpr DurationRange kSlowStart = {0s, 1h};

std::string claim_name(const std::string& text, Position at, ClaimedNames& names, Faults& faults) {
  std::string name = canonical_hostname(text);
  if (const std::string fault = hostname_fault(name); !fault.empty()) {
    faults.add(at, text::in_quotes(text) + " " + fault);
  } else if (const auto first = names.claim(name, faults.place(at))) {
    faults.add(at,
               text::in_quotes(text) + " is a name at " + *first + " already; rename one of them");
  }
  return name;
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

// `check` is what the check's table is called, `backend` the key and value that say which one.
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
  return backends;
}

// To be called when its checks have been read.
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
  // One of them speaks for all: a port of the backend's own serves each.
  const auto without_port = std::ranges::find(checks, true, &PlacedCheck::lacks_port);
  if (without_port != checks.end()) demand_ports(backends, without_port->table, faults);
  for (PlacedCheck& check : checks)
    service.checks.push_back(std::move(check.spec));
  read_checks_needed(table, service, faults);
}

// An empty command is one of its own: that none is run.
void read_on_change(TableReader& table, ServiceSpec& service, Faults& faults) {
  std::vector<std::string> command = read_command(table, "on_change", kHookExample, faults);
  if (table.find("on_change") != nullptr) service.on_change = std::move(command);
}

}  // namespace

ServiceSpec read_service(const Value& value, ClaimedNames& names, Faults& faults) {
  ServiceSpec service;
  if (value.as_table() == nullptr) {
    faults.add(
        value.at,
        std::string("a service must be a table written [[service]], not ").append(kind_of(value)));
    return service;
  }
  TableReader table(value, "[[service]]", faults);
  service.name = read_name(table, names, faults);
  service.aliases = read_aliases(table, names, faults);
  table.boolean("subdomains", service.subdomains);
  table.choice("answer", kAnswers, service.answer);
  table.integer("max_addresses", 1, kMaxBackends, service.max_addresses);
  table.choice("when_all_down", kAllDownRules, service.when_all_down);
  read_standby_rules(table, service, faults);
  read_backends_and_checks(table, service, names, faults);
  if (const Value* agent = table.find("agent")) {
    service.checks.push_back(read_agent(*agent, service.name, faults));
  }
  table.duration("slow_start", kSlowStart, service.slow_start);
  read_on_change(table, service, faults);
  table.reject_unknown();
  return service;
}

}  // namespace hlb::config
