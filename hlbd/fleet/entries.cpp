#include "fleet/entries.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/backends.h"
#include "config/reader.h"
#include "config/registration.h"
#include "fleet/json.h"
#include "text/ascii.h"
#include "text/duration.h"
#include "text/utc.h"
#include "text/wording.h"

namespace hlb::fleet {
namespace {

using config::Entry;
using config::NamedValue;
using config::TableReader;
using config::Value;

constexpr std::size_t kMaxWho = 253;
constexpr std::size_t kMaxWhy = 1000;
constexpr std::array<std::string_view, 3> kKeysOfBackends = {"weight", "priority", "port"};
constexpr std::array<NamedValue<OverrideKind>, 4> kKinds = {{
    {"drain", OverrideKind::drain},
    {"maintenance", OverrideKind::maintenance},
    {"up", OverrideKind::force_up},
    {"down", OverrideKind::force_down},
}};
constexpr std::string_view kTimeForm = R"(a time such as "2026-11-28T15:00:00Z")";

// Reads somebody's words, which are shown to people as they stand.
void read_words(TableReader& table, std::string_view key, std::size_t most, std::string& into,
                config::Faults& faults) {
  const std::string* text = table.text(key);
  if (text == nullptr) return;
  if (text->size() > most || std::ranges::any_of(*text, text::is_control)) {
    return faults.add({}, text::in_quotes(key) + " must have at most " + std::to_string(most) +
                              " bytes, and no control characters");
  }
  into = *text;
}

std::optional<WallTime> read_time(TableReader& table, std::string_view key,
                                  config::Faults& faults) {
  const std::string* text = table.text(key);
  if (text == nullptr) return std::nullopt;
  const auto time = text::parse_utc(*text);
  if (!time) faults.add({}, text::must_be(key, kTimeForm, text::in_quotes(*text)));
  return time;
}

// The backend as hlbd.toml has it: without what that doesn't say of backends.
Value in_toml(const Value::Table& entries, const Address& address) {
  Value::Table backend{{"address", {}, {{}, address.to_string()}}};
  for (const Entry& each : entries) {
    if (std::ranges::find(kKeysOfBackends, each.key) != kKeysOfBackends.end())
      backend.push_back(each);
  }
  return {{}, Value::Array{{{}, std::move(backend)}}};
}

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Read<FleetBackend> read_backend(const KeySubject& of, std::string_view text) {
  const auto value = parse_value(text);
  if (!value) return tl::unexpected(value.error());
  config::Faults faults("c/b/" + of.service);
  TableReader table(*value, "the value", faults);
  FleetBackend backend;
  const config::Backends read =
      config::read_backends(in_toml(*value->as_table(), of.address), faults);
  if (!read.addresses.empty()) backend.spec = read.addresses.front().spec;
  read_words(table, "by", kMaxWho, backend.by, faults);
  table.duration("forget_after", config::kForgetAfter, backend.forget_after);
  if (std::string fault = told(faults.take()); !fault.empty())
    return tl::unexpected(std::move(fault));
  return backend;
}

Read<FleetOverride> read_override(std::string_view text) {
  const auto value = parse_value(text);
  if (!value) return tl::unexpected(value.error());
  config::Faults faults("");
  TableReader table(*value, "the value", faults);
  FleetOverride override;
  table.require("kind", R"(add "kind": "drain")");
  table.choice("kind", kKinds, override.kind);
  override.until = read_time(table, "until", faults);
  read_words(table, "by", kMaxWho, override.by, faults);
  read_words(table, "why", kMaxWhy, override.why, faults);
  if (std::string fault = told(faults.take()); !fault.empty())
    return tl::unexpected(std::move(fault));
  return override;
}

Read<FleetLogEntry> read_log_entry(std::string_view text) {
  const auto value = parse_value(text);
  if (!value) return tl::unexpected(value.error());
  config::Faults faults("");
  TableReader table(*value, "the value", faults);
  FleetLogEntry entry;
  table.require("at", R"(add "at": "2026-11-28T15:00:00Z")");
  table.require("what", R"(add "what": "…")");
  entry.at = read_time(table, "at", faults).value_or(WallTime());
  read_words(table, "what", kMaxWhy, entry.what, faults);
  read_words(table, "by", kMaxWho, entry.by, faults);
  read_words(table, "why", kMaxWhy, entry.why, faults);
  if (std::string fault = told(faults.take()); !fault.empty())
    return tl::unexpected(std::move(fault));
  return entry;
}

std::string write_backend(const FleetBackend& backend) {
  nlohmann::ordered_json json = {
      {"v", 1}, {"weight", backend.spec.weight}, {"priority", backend.spec.priority}};
  if (backend.spec.port != 0) json["port"] = backend.spec.port;
  if (!backend.by.empty()) json["by"] = backend.by;
  if (backend.forget_after.count() != 0)
    json["forget_after"] = text::to_string(backend.forget_after);
  return dump(json);
}

std::string write_override(const FleetOverride& override) {
  nlohmann::ordered_json json = {{"v", 1}, {"kind", name_of(override.kind)}};
  if (override.until) json["until"] = text::utc(*override.until);
  json["by"] = override.by;
  json["why"] = override.why;
  return dump(json);
}

std::string write_log_entry(const FleetLogEntry& entry) {
  return dump({{"v", 1},
               {"at", text::utc(entry.at)},
               {"what", entry.what},
               {"by", entry.by},
               {"why", entry.why}});
}

bool is_registered_by(std::string_view text, std::string_view host) {
  const auto value = parse_value(text);
  if (!value || host.empty()) return false;
  config::Faults ignored("");
  const std::string* by = TableReader(*value, "the value", ignored).text("by");
  return by != nullptr && *by == host;
}

FleetBackend registered(const Registration& registration, std::string_view by) {
  return {{registration.address, registration.weight, registration.priority, registration.port},
          std::string(by),
          registration.forget_after};
}

}  // namespace hlb::fleet
