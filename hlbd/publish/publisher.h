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
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/monitor.h"
#include "health/service.h"
#include "libnss_hlb/network.h"
#include "libnss_hlb/table.h"
#include "publish/encode.h"
#include "publish/live_table.h"
#include "publish/sort_score.h"
#include "publish/table_file.h"
#include "system/scope.h"

namespace hlb {

// Used by hlbd's loop alone. `monitor` must outlive it.
//
// The truth stands in memory, as a table, from which hlbd itself answers; the file follows. When no
// new file can be made, the old file goes on to tell the truth about its names and backends, and
// has programs ask hlbd for the rest. With many services it takes more than one turn of the loop to
// make both anew for other names or backends; meanwhile the old ones get the new verdicts. Very
// many verdicts take several turns as well.
class Publisher {
 public:
  // Called after each publication, with the services whose verdicts were made anew for it; and
  // again, without any, when other names or backends have come into force.
  using OnPublished = std::function<void(std::span<const Refreshed> services)>;

  // Called with the reason why the table can't have the latest names and backends; empty: it has
  // them.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  Publisher(const boost::asio::any_io_executor& executor, const std::filesystem::path& folder,
            Monitor& monitor, OnPublished on_published, OnTrouble on_trouble);

  void set_max_stale(std::chrono::milliseconds max_stale) {
    if (std::exchange(max_stale_, max_stale) != max_stale) reshaped_ = true;
  }

  // Makes the truth anew with the next publish(); to be called when the monitor's services have
  // changed.
  void configured();

  // Publishes verdicts at once, very many in turns to come, and other names or backends as soon as
  // it can. A file that can't be made is tried again. Calls `then`, if there is one, when all
  // verdicts that the monitor has to tell by now have been published.
  void publish(std::function<void()> then = {});

  // Whether programs get the whole truth: from the file, or as far as no file can be made, from
  // hlbd.
  bool in_force() const { return !reshaped_ && !working_ && !monitor_.has_news(); }

  // Calls `then` when the file has the latest names, backends and verdicts, at once if it does: it
  // is all that programs have when hlbd is gone. A file that is to rest is awaited, and so is one
  // without room.
  void await_file(std::function<void()> then);

  // Publishes soon, for all changes until then together.
  void publish_soon();

  // Computes the score of each address anew, in turns to come.
  void forget_sort_scores();

  // Renews the lease; to be called several times within publish::kLease. Replaces a table that
  // isn't in its place any more, or that somebody else wrote to.
  void renew_lease();

  // The number of publications, in place or as another file.
  std::uint64_t publications() const { return publications_; }

  // The truth now, whatever the file says; valid until the loop's next turn.
  table::View table() const { return table::View::over(truth_); }

 private:
  using Monotonic = std::chrono::steady_clock;

  struct Awaiting {
    Monitor::News news;
    std::function<void()> then;
  };

  std::vector<Refreshed> tell_news();
  void tell(std::span<const Refreshed> services);
  void reshape();
  void work();
  bool work_more();
  void encode_more();
  bool replace_more();
  bool put_off();
  bool leave_more();
  bool tell_more();
  void end_work();
  void call_who_awaits_verdicts();
  void call_who_awaits_file();
  bool file_is_whole() const { return in_force() && !file_is_old_; }
  void try_again_at(Monotonic::time_point time);
  bool was_written_to();
  void sort_anew();
  void sort_more();

  Monitor& monitor_;
  OnPublished on_published_;
  OnTrouble on_trouble_;
  std::vector<std::uint8_t> truth_;
  publish::TableFile file_;
  bool reshaped_ = true;                          // the truth is to be made anew
  bool file_is_old_ = true;                       // has other names or backends than the truth
  bool left_to_hlbd_ = false;                     // programs ask for some services of an old file
  std::optional<std::uint64_t> leaving_;          // slots have been looked at for that; unset: no
  std::size_t told_again_ = 0;                    // services for which programs needn't ask now
  bool working_ = false;                          // on the truth or the file
  std::vector<Awaiting> awaiting_verdicts_;       // see publish()
  std::function<void()> awaiting_file_;           // see await_file()
  std::optional<publish::TableEncoder> encoder_;  // of the next truth
  publish::SortScores scores_;
  bool scores_are_newer_ = false;  // than the scores that the encoder began with
  bool sorting_ = false;           // by new scores, the table's slots from sorted_ on
  std::uint32_t sorted_ = 0;
  Network network_;
  std::uint64_t publications_ = 0;
  std::chrono::milliseconds max_stale_{0};
  boost::asio::steady_timer soon_;
  bool pending_ = false;
  boost::asio::steady_timer next_slice_;
  boost::asio::steady_timer next_sort_;
  boost::asio::steady_timer retry_;
  Scope scope_;
};

}  // namespace hlb
