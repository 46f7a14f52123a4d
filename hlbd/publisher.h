// Keeps the published table true: encodes the verdicts, puts the table in place, renews its lease.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/monitor.h"
#include "health/service.h"
#include "libnss_hlb/table.h"
#include "publish/sort_score.h"
#include "publish/table_file.h"

namespace hlb {

// Used by hlbd's loop alone. `monitor` must outlive it.
class Publisher {
 public:
  // Called after each publication, with the services whose verdicts were made anew for it, in
  // order.
  using OnPublished = std::function<void(std::span<const std::size_t> services)>;

  // Told why the latest changes can't be published; empty: they are.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  Publisher(const boost::asio::any_io_executor& executor, const std::filesystem::path& folder,
            Monitor& monitor, OnPublished on_published, OnTrouble on_trouble);

  void set_max_stale(std::chrono::milliseconds max_stale) { max_stale_ = max_stale; }

  // Publishes at once. Throws std::system_error when the table can't be put into place.
  void publish();

  // Publishes at once. Trouble is logged, and tried again.
  void try_to_publish();

  // The same soon, for all changes until then together.
  void publish_soon();

  // The next publication asks anew for each address.
  void forget_sort_scores();

  // To be called several times within publish::kLease.
  void renew_lease();

  // How many tables have been put in place.
  std::uint64_t tables() const { return tables_; }

  // What the latest publication was made from, in the monitor's order; valid until the next one.
  std::span<const ServiceVerdict> verdicts() const { return verdicts_; }

  // What is published now; valid until the next publication.
  table::View table() const { return table::View::over(file_.published()); }

 private:
  void score(ServiceVerdict& service);

  Monitor& monitor_;
  std::vector<ServiceVerdict> verdicts_;  // as published last, with their scores
  OnPublished on_published_;
  OnTrouble on_trouble_;
  publish::TableFile file_;
  publish::SortScores scores_;
  std::uint64_t tables_ = 0;
  std::chrono::milliseconds max_stale_{0};
  boost::asio::steady_timer timer_;
  bool pending_ = false;
  std::chrono::steady_clock::time_point earliest_next_;
};

}  // namespace hlb
