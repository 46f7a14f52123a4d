#include "config/draft.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "config/document.h"
#include "config/fleet.h"
#include "config/metrics_address.h"
#include "config/program.h"
#include "config/reader.h"
#include "config/service.h"
#include "text/wording.h"

namespace hlb::config {

using namespace std::chrono_literals;

namespace {

constexpr std::array<NamedValue<LogLevel>, 5> kLogLevels = {{
    {"trace", LogLevel::trace},
    {"debug", LogLevel::debug},
    {"info", LogLevel::info},
    {"warn", LogLevel::warn},
    {"error", LogLevel::error},
}};
constexpr DurationRange kMaxStale = {0s, 1h};

void read_daemon(const Value& value, Config& config, Faults& faults) {
  if (value.as_table() == nullptr) {
    return faults.add(
        value.at,
        std::string("\"daemon\" must be one table, [daemon], not ").append(kind_of(value)));
  }
  TableReader table(value, "[daemon]", faults);
  table.choice("log_level", kLogLevels, config.log_level);
  table.duration("max_stale", kMaxStale, config.max_stale);
  config.on_change = read_command(table, "on_change", kHookExample, faults);
  read_user(table, "on_change_user", faults, config.on_change_user);
  table.boolean("watch_connections", config.watch_connections);
  table.boolean("count_connections", config.count_connections);
  config.metrics = read_metrics_address(table, faults);
  table.reject_unknown();
}

// Whether the table stands in hlbd.toml, as it must; notes it if it doesn't.
bool is_in_main(const Value& value, std::string_view table, FileRole role, Faults& faults) {
  if (role == FileRole::main) return true;
  faults.add(value.at, std::string(table) + " can stand in hlbd.toml only; move it there");
  return false;
}

// Explains a table that stands without its service; empty for other keys.
std::string fault_of_stray_table(std::string_view key) {
  if (key != "check" && key != "agent") return "";
  return text::in_quotes(key)
      .append(" is of a service; write it as [service.")
      .append(key)
      .append("], below its [[service]]");
}

}  // namespace

void Draft::read_services(const Value& value, Faults& faults) {
  const Value::Array* services = value.as_array();
  if (services == nullptr) {
    return faults.add(value.at,
                      std::string("\"service\" must be an array of tables, [[service]], not ")
                          .append(kind_of(value)));
  }
  for (const Value& service : *services)
    config_.services.push_back(read_service(service, names_, faults));
}

void Draft::read_root(const Value& root, FileRole role, Faults& faults) {
  TableReader table(root, "the file", faults);
  if (const Value* services = table.find("service")) read_services(*services, faults);
  if (const Value* daemon = table.find("daemon")) {
    if (is_in_main(*daemon, "[daemon]", role, faults)) read_daemon(*daemon, config_, faults);
  }
  if (const Value* fleet = table.find("fleet")) {
    if (is_in_main(*fleet, "[fleet]", role, faults)) config_.fleet = read_fleet(*fleet, faults);
  }
  if (const Value* registrations = table.find("register")) {
    std::ranges::move(read_registrations(*registrations, faults),
                      std::back_inserter(registrations_));
  }
  table.reject_unknown(fault_of_stray_table);
}

void Draft::add_text(const std::string& file, std::string_view text, FileRole role) {
  Faults faults(file);
  if (const auto document = parse_document(text)) {
    read_root(*document, role, faults);
  } else {
    faults.add(document.error().at, document.error().message);
  }
  std::ranges::move(faults.take(), std::back_inserter(errors_));
}

void Draft::add_fault(const std::string& file, std::string message) {
  errors_.push_back({file, 0, 0, std::move(message)});
}

void Draft::add_warning(const std::string& file, std::string message) {
  warnings_.push_back({file, 0, 0, std::move(message)});
}

tl::expected<Config, ConfigErrors> Draft::finish(const std::string& main_file) {
  if (errors_.empty() && config_.services.empty() && !config_.fleet) {
    errors_.push_back({main_file, 1, 1,
                       "there is no [[service]] here or in services.d/*.toml; add one with name, "
                       "backends and [service.check]"});
  }
  std::ranges::move(names_.faults(), std::back_inserter(errors_));
  std::ranges::move(
      faults_beside(config_.fleet ? &*config_.fleet : nullptr, names_.from_fleet(), registrations_),
      std::back_inserter(errors_));
  if (!errors_.empty()) {
    std::ranges::move(warnings_, std::back_inserter(errors_));
    return tl::unexpected(std::move(errors_));
  }
  for (PlacedRegistration& each : registrations_)
    config_.registrations.push_back(std::move(each.registration));
  for (const ConfigError& warning : warnings_)
    config_.warnings.push_back(warning.to_string());
  return std::move(config_);
}

}  // namespace hlb::config
