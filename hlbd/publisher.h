// Keeps the published table true: changes verdicts in place, makes another file for other names or
// backends, renews the lease.
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
#include <utility>
#include <vector>

#include "engine/monitor.h"
#include "health/service.h"
#include "libnss_hlb/network.h"
#include "libnss_hlb/table.h"
#include "publish/live_table.h"
#include "publish/sort_score.h"
#include "publish/table_file.h"

namespace hlb {

// Used by hlbd's loop alone. `monitor` must outlive it.
//
// What is true stands in memory, as a table, from which hlbd itself answers; the file follows. When
// no other file can be made, the one that stands goes on to tell the truth about what it has, and
// has programs ask hlbd for the rest.
class Publisher {
 public:
  // Called after each publication, with the services whose verdicts were made anew for it, in
  // order.
  using OnPublished = std::function<void(std::span<const Refreshed> services)>;

  // Told why the table can't have the latest names and backends; empty: it has them.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  Publisher(const boost::asio::any_io_executor& executor, const std::filesystem::path& folder,
            Monitor& monitor, OnPublished on_published, OnTrouble on_trouble);

  void set_max_stale(std::chrono::milliseconds max_stale) {
    if (std::exchange(max_stale_, max_stale) != max_stale) reshaped_ = true;
  }

  // To be called when the monitor's services are other ones.
  void configured() { reshaped_ = true; }

  // Publishes at once. Trouble with the file is logged, and tried again.
  void publish();

  // The same soon, for all changes until then together.
  void publish_soon();

  // The next publication asks anew for each address.
  void forget_sort_scores();

  // To be called several times within publish::kLease. A table that isn't in its place any more, or
  // that somebody else wrote to, is replaced.
  void renew_lease();

  // How often verdicts were published, in place or as another file.
  std::uint64_t publications() const { return publications_; }

  // What is true now, whatever the file says; valid until the next publication.
  table::View table() const { return table::View::over(truth_); }

 private:
  void tell(std::span<const Refreshed> services);
  void reshape();
  void replace_file();
  void try_again_at(std::chrono::steady_clock::time_point time);

  Monitor& monitor_;
  OnPublished on_published_;
  OnTrouble on_trouble_;
  std::vector<std::uint8_t> truth_;
  publish::TableFile file_;
  bool reshaped_ = true;     // the truth is to be made anew
  bool file_is_old_ = true;  // it has other names or backends than the truth
  publish::SortScores scores_;
  Network network_;
  std::uint64_t publications_ = 0;
  std::chrono::milliseconds max_stale_{0};
  boost::asio::steady_timer soon_;
  bool pending_ = false;
  boost::asio::steady_timer retry_;
};

}  // namespace hlb
