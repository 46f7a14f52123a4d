// What a page shows, of as many services and backends as a page may have: gathered in parts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/bus/directory.h"
#include "operators/page/view.h"
#include "operators/report.h"
#include "operators/standing.h"

namespace hlb::page {

// A service, and those of its backends that are shown.
struct ShownService {
  ServiceReport report;
  std::vector<BackendReport> backends;
  std::size_t others_up = 0;  // backends that aren't shown, as nothing is wrong with them
  std::size_t left_out = 0;   // others, for want of room
};

// Services that stand equally well, in the order of the configuration.
struct Group {
  std::vector<ShownService> services;
  std::size_t size = 0;  // services that aren't shown count, too
  std::size_t rows = 0;  // backends that are shown
};

// How many there are in each state; each counts once.
struct ServiceCounts {
  std::size_t all = 0;
  std::size_t down = 0;
  std::size_t degraded = 0;
  std::size_t unknown = 0;
  std::size_t up = 0;
};
struct BackendCounts {
  std::size_t all = 0;
  std::size_t down = 0;
  std::size_t suspect = 0;
  std::size_t unknown = 0;
  std::size_t overridden = 0;
  std::size_t up = 0;
};

// Used by hlbd's loop alone. The directory must outlive it.
class Survey {
 public:
  static constexpr std::size_t kMostBackends = 400;   // that are shown
  static constexpr std::size_t kMostServices = 2000;  // likewise
  static constexpr std::size_t kFew = 40;             // backends, of which all are shown

  Survey(const bus::Directory& directory, View view);

  // Goes on for about a quarter of a millisecond. Returns false once all is there.
  bool go_on();

  const View& view() const { return view_; }
  const ServiceCounts& services() const { return services_; }
  const BackendCounts& backends() const { return backends_; }
  const Group& group(Rank rank) const { return groups_.at(static_cast<std::size_t>(rank)); }
  std::size_t matched() const;               // services that the view is of
  bool in_full() const { return in_full_; }  // backends are shown though nothing is wrong with them

  bool is_meant(const std::string& service) const;  // whether the view is of it

 private:
  void start();
  void step();
  void take(std::vector<BackendReport> backends);
  void finish_service();
  void count(const BackendReport& backend);
  void count(const ServiceReport& service);

  const bus::Directory& directory_;
  View view_;
  std::string pattern_;  // the service's own name where the view has another of its names
  bool in_full_ = false;
  std::uint64_t configurations_ = 0;
  int tries_ = 0;
  std::size_t next_service_ = 0;
  std::vector<ServiceReport> ahead_;  // services to be looked at next, the last one first
  std::optional<ShownService> current_;
  std::size_t next_backend_ = 0;
  std::size_t maintained_ = 0;   // backends of the current service in maintenance
  bool has_remarkable_ = false;  // of the current service
  ServiceCounts services_;
  BackendCounts backends_;
  std::array<Group, 4> groups_;
};

}  // namespace hlb::page
