// Reports, times and refusals as the bus carries them, for both of its ends.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "libnss_hlb/bus.h"
#include "operators/bus/object_path.h"
#include "operators/bus/versions.h"
#include "operators/refusal.h"
#include "operators/report.h"

namespace hlb::bus {

// ---- values ------------------------------------------------------------------------------------

// Times are microseconds since 1970, as systemd's are; 0 stands for none.
inline std::uint64_t timestamp(WallTime time) {
  const auto since_1970 = std::chrono::microseconds(time.time_since_epoch()).count();
  return since_1970 < 0 ? 0 : static_cast<std::uint64_t>(since_1970);
}

inline WallTime wall_time(std::uint64_t microseconds) {
  return std::chrono::floor<WallTime::duration>(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(microseconds)));
}

// Makes of a value, which is given away, what is sent. Most go as they are.
inline std::uint64_t encoded(WallTime time) {
  return timestamp(time);
}
inline std::string encoded(Event::What what) {
  return std::string(name_of(what));
}
inline sdbus::ObjectPath encoded(sdbus::ObjectPath path) {
  return path;
}
template <typename Value>
Value&& encoded(Value& value) {
  return std::move(value);
}

// Reads what was sent, which is given away, into the value.
inline void decode(std::uint64_t told, WallTime& time) {
  time = wall_time(told);
}
inline void decode(const std::string& told, Event::What& what) {
  what = what_named(told);
}
template <typename Value>
void decode(Value& told, Value& value) {
  value = std::move(told);
}

// ---- rows --------------------------------------------------------------------------------------

// A report as one struct of org.hlb1.xml, field by field. A field is a member of the report, or a
// function of it; one that returns no reference is sent but not read.
template <typename Report, auto... kFields>
class Row {
  template <auto kField>
  using Field = std::invoke_result_t<decltype(kField), Report&>;

 public:
  using Struct =
      sdbus::Struct<std::remove_cvref_t<decltype(encoded(std::declval<Field<kFields>>()))>...>;

  static Struct of(Report report) { return Struct(encoded(std::invoke(kFields, report))...); }

  static std::vector<Struct> of_all(std::vector<Report> reports) {
    std::vector<Struct> rows;
    rows.reserve(reports.size());
    for (Report& each : reports)
      rows.push_back(of(std::move(each)));
    return rows;
  }

  static Report report_of(Struct told) {
    Report report;
    [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      (read<kFields>(std::get<kIndex>(told), report), ...);
    }(std::make_index_sequence<sizeof...(kFields)>());
    return report;
  }

  static std::vector<Report> reports_of(std::vector<Struct> rows) {
    std::vector<Report> reports;
    reports.reserve(rows.size());
    for (Struct& each : rows)
      reports.push_back(report_of(std::move(each)));
    return reports;
  }

 private:
  template <auto kField, typename Value>
  static void read(Value& told, Report& report) {
    if constexpr (std::is_lvalue_reference_v<Field<kField>>) {
      decode(told, std::invoke(kField, report));
    }
  }
};

// Makes the path at which the service or backend is found on the bus.
struct PathOf {
  sdbus::ObjectPath operator()(const ServiceReport& service) const {
    sdbus::ObjectPath path(service_path(service.name));
    return path;
  }
  sdbus::ObjectPath operator()(const BackendReport& backend) const {
    sdbus::ObjectPath path(backend_path(backend.service, backend.address));
    return path;
  }
};
inline constexpr PathOf kPathOf;

// ListBackends has the override's kind alone; GetBackend has all of it.
inline std::string& kind_of_override(BackendReport& backend) {
  return backend.override.kind;
}

using ServiceRow = Row<ServiceReport, &ServiceReport::name, kPathOf, &ServiceReport::state,
                       &ServiceReport::backends, &ServiceReport::up, &ServiceReport::answered,
                       &ServiceReport::since>;
using ServingRow = Row<ServiceReport, &ServiceReport::name, &ServiceReport::serving>;
using BackendRow =
    Row<BackendReport, &BackendReport::service, &BackendReport::address, kPathOf,
        &BackendReport::port, &BackendReport::state, &BackendReport::since, &BackendReport::reason,
        kind_of_override, &BackendReport::weight, &BackendReport::weight_percent,
        &BackendReport::priority, &BackendReport::outcomes>;
using LeftOutRow = Row<BackendReport, &BackendReport::service, &BackendReport::address,
                       &BackendReport::suspect, &BackendReport::held_back>;
using ConnectionRow = Row<ConnectionReport, &ConnectionReport::service, &ConnectionReport::address,
                          &ConnectionReport::connections>;
using OverrideRow = Row<OverrideReport, &OverrideReport::kind, &OverrideReport::reason,
                        &OverrideReport::set_by, &OverrideReport::since, &OverrideReport::until>;
using AliasRow = Row<AliasReport, &AliasReport::alias, &AliasReport::service>;
using PreviewRow = Row<OverridePreview, &OverridePreview::service, &OverridePreview::address,
                       &OverridePreview::before, &OverridePreview::now, &OverridePreview::answered,
                       &OverridePreview::remaining>;
using ServicePreviewRow =
    Row<ServicePreview, &ServicePreview::service, &ServicePreview::change, &ServicePreview::what>;
using CheckRow = Row<CheckReport, &CheckReport::description, &CheckReport::state,
                     &CheckReport::reason, &CheckReport::against, &CheckReport::outcomes>;
using EventRow = Row<Event, &Event::at, &Event::service, &Event::address, &Event::what,
                     &Event::before, &Event::now, &Event::reason>;

// ---- events by names ---------------------------------------------------------------------------

using NamedValues = std::map<std::string, sdbus::Variant>;

inline NamedValues named_values_of(const Event& event) {
  NamedValues values = {
      {"time", sdbus::Variant(timestamp(event.at))}, {"service", sdbus::Variant(event.service)},
      {"address", sdbus::Variant(event.address)},    {"what", sdbus::Variant(encoded(event.what))},
      {"before", sdbus::Variant(event.before)},      {"now", sdbus::Variant(event.now)},
      {"reason", sdbus::Variant(event.reason)}};
  if (event.user) values.emplace("user", sdbus::Variant(*event.user));
  return values;
}

// The value; Value() where there is none of that name, as the other side may be older.
template <typename Value>
Value value_named(const NamedValues& values, const char* name) {
  const auto found = values.find(name);
  return found == values.end() ? Value() : found->second.get<Value>();
}

inline Event event_of(const NamedValues& values) {
  Event event{.at = wall_time(value_named<std::uint64_t>(values, "time")),
              .service = value_named<std::string>(values, "service"),
              .address = value_named<std::string>(values, "address"),
              .what = what_named(value_named<std::string>(values, "what")),
              .before = value_named<std::string>(values, "before"),
              .now = value_named<std::string>(values, "now"),
              .reason = value_named<std::string>(values, "reason")};
  if (values.contains("user")) event.user = value_named<std::uint32_t>(values, "user");
  return event;
}

// ---- refusals ----------------------------------------------------------------------------------

inline const char* error_name_of(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::no_such_service:
      return kNoSuchService;
    case Refusal::Kind::no_healthy_backend:
      return kNoHealthyBackend;
    case Refusal::Kind::no_such_backend:
      return kNoSuchBackend;
    case Refusal::Kind::invalid_config:
      return kInvalidConfig;
    case Refusal::Kind::not_kept:
      return "org.freedesktop.DBus.Error.IOError";
    case Refusal::Kind::access_denied:
      return "org.freedesktop.DBus.Error.AccessDenied";
    case Refusal::Kind::not_possible:
      return "org.freedesktop.DBus.Error.NotSupported";
    case Refusal::Kind::invalid_arguments:
      break;
  }
  return "org.freedesktop.DBus.Error.InvalidArgs";
}

inline sdbus::Error to_bus_error(const Refusal& refusal) {
  return {BusName{error_name_of(refusal.kind)}, refusal.message};
}

}  // namespace hlb::bus
