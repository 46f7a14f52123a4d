// Keeps this host's copy of all keys that begin alike equal to the engine's. Whatever happens to
// the engine, what it said last stays: see Mirror.
//
// To wire it (SnapshotFile, snapshot_file.h, saves it by a worker):
//
//   SavedMirror before = …                       // DurableFile::load(decode_snapshot)
//   Mirror mirror(loop, clock, connect, {.endpoints = …, .prefix = "/hlb/1/c/"}, observer, before);
//   mirror.start();                              // the observer hears of all keys known from
//   before
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/clock.h"
#include "fleet/accept.h"
#include "fleet/engine.h"
#include "fleet/mirrored_keys.h"
#include "fleet/snapshot.h"
#include "libnss_hlb/random.h"
#include "system/log.h"
#include "system/moment.h"
#include "system/scope.h"

namespace hlb::fleet {

// How it stands, for the status and metrics: plain data.
struct MirrorStanding {
  enum class State : std::uint8_t {
    starting,  // the first connection hasn't succeeded or failed yet
    fresh,     // a watch is in place
    frozen,    // the engine isn't there: what it said last stays
  };

  State state = State::starting;
  std::string fault;     // why it isn't fresh; empty while it is
  WallTime since;        // in this state
  std::string endpoint;  // asked last
  std::uint64_t cluster = 0;
  Revision revision = 0;              // 0: nothing was ever read
  std::optional<WallTime> last_sign;  // of life
  std::size_t keys = 0;               // all, those held back as well
  std::size_t bytes = 0;
  std::size_t refused = 0;  // of these, by the catalog
  std::size_t held = 0;     // back, until `hlbctl fleet accept`
  std::optional<WallTime> held_since;
  std::uint64_t events = 0;    // changes that came on watches
  std::uint64_t lists = 0;     // whole readings
  std::uint64_t connects = 0;  // attempts
  std::uint64_t losses = 0;    // times that the engine was found wiped or restored
};

// Hears of what changes; from the loop. It may call the mirror's refused(), accepted(), keys() and
// standing(), and nothing else of it.
class MirrorObserver {
 public:
  MirrorObserver() = default;
  virtual ~MirrorObserver() = default;
  MirrorObserver(const MirrorObserver&) = delete;
  MirrorObserver& operator=(const MirrorObserver&) = delete;

  // Keys that are other ones now, each at most once in a call. Only differences are told: a value
  // that is as it was, and a key held back, aren't. What the catalog refuses of them it says by
  // refused() before the call returns: the value before stays the last good one. Of
  // a key that is known from before the start with a refused value, the good one is told first, the
  // refused one by a later call.
  // `more`: further calls of the same moment follow, a turn of the loop later each, so that none
  // takes long; nothing has to be published until then.
  virtual void changed(std::span<const Change> changes, bool more) = 0;

  // Called when standing() has changed in more than its counts, revision and last sign of life.
  virtual void standing_changed() = 0;

  // A line for the log: frozen for more than a second, fresh again, wiped or restored, accepted.
  virtual void notice(const Notice& notice) = 0;
};

struct MirrorSettings {
  std::vector<std::string> endpoints;  // one at least
  std::string prefix;                  // "/hlb/1/c/"
  std::uint64_t seed = 0;              // for the endpoint to begin with, and for pauses
  std::size_t most_bytes = kMostBytes;
  std::function<WallTime()> wall = [] { return moment_now().wall; };
};

// Connects to one endpoint after the other, resumes the watch after the last revision, or lists all
// keys if that can't be, and applies the difference. Any fault at all, and 5 s without a sign of
// life, have it freeze: nothing is changed by it, nothing expires, and after a pause (20 ms … 2 s,
// ± 50 %) the next endpoint is asked.
//
// An engine whose revision is lower than it was, or that is another one, was wiped or restored. Its
// keys count, but what it lacks is held back until somebody accepts it: see accept.h. Used by
// hlbd's loop alone.
class Mirror {
 public:
  static constexpr std::chrono::seconds kAskAfter{2};  // of silence, for a sign of life
  static constexpr std::chrono::seconds kSilence{5};   // which is death
  static constexpr std::chrono::seconds kLongestList{20};
  static constexpr std::chrono::milliseconds kLeastPause{20};
  static constexpr std::chrono::milliseconds kMostPause{2000};
  static constexpr std::chrono::seconds kTellFrozenAfter{1};

  // `clock` and `observer` must outlive it.
  Mirror(boost::asio::any_io_executor executor, Clock& clock, Connect connect,
         MirrorSettings settings, MirrorObserver& observer, SavedMirror before = {});
  ~Mirror();
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  // Tells the observer of all keys known from before, in this turn, and begins to connect.
  void start();

  // Goes on with other endpoints, or by other certificates; all that is known stays.
  void reconnect(Connect connect, std::vector<std::string> endpoints);

  // The catalog can't use the present value of a key (see MirrorObserver::changed), or can use a
  // value that it refused before, as the configuration is another one.
  void refused(std::string_view key);
  void accepted(std::string_view key);

  const MirroredKeys& keys() const { return keys_; }
  MirrorStanding standing() const;

  // Adds some keys to `encoder`, from `first` on: few enough not to hold the loop. Returns the
  // first of the keys that are left; nullopt once all are added. Changes in between do no harm, as
  // the changes after position() are read again; a change of losses() does: then it is to begin
  // anew.
  std::optional<std::string> save(SnapshotEncoder& encoder, const std::string& first) const;
  const SavedPosition& position() const { return position_; }
  std::uint64_t losses() const { return standing_.losses; }

 private:
  struct Talk;  // with one member of the engine
  using TalkPtr = std::shared_ptr<Talk>;
  using Fault = std::optional<EngineFault>;  // nullopt: all is well
  using Duration = Clock::TimePoint::duration;
  template <typename T>
  using Running = boost::asio::awaitable<T>;

  // Talking with a member (mirror.cpp).
  void attempt();
  Running<void> converse(TalkPtr talk);
  Running<EngineFault> follow(TalkPtr talk);
  Running<EngineFault> follow_watch(TalkPtr talk);
  Running<Fault> prove(TalkPtr talk, WatchNews& news);
  Running<Fault> read_all(TalkPtr talk);
  bool was_away() const;
  void await_life(Duration at_most, std::string otherwise);
  void lived() { dead_at_ = (lived_at_ = clock_.now()) + kSilence; }
  void look();
  void end_talk();
  void fail(const EngineFault& fault);
  Duration pause();
  void become(MirrorStanding::State state, std::string fault);
  void tell_frozen();
  const std::string& endpoint() const { return settings_.endpoints[endpoint_]; }

  // What it said (mirror_content.cpp).
  struct Reading {
    Stand stand;
    LastChange last_change;
    std::vector<Change> puts;
    std::vector<Change> gone;
    std::optional<Acceptance> acceptance;  // which counts
  };
  Running<Fault> take_news(WatchNews news);
  Running<void> heed_acceptance(Revision revision);
  Running<Fault> take_listing(Listing listing, TalkPtr talk);
  Running<void> put_in_force(Reading reading);
  Running<void> hold(const std::vector<Change>& gone);
  Running<void> apply(std::vector<Change> changes, bool of_listing = false);
  void tell(std::vector<Change>& told, bool more);
  void settle();
  void close_batch();
  void tell_loss(const Reading& reading, std::size_t lacking);
  bool is_another(const Stand& stand) const;
  WallTime last_sign_before_loss() const;
  std::optional<Acceptance> counting(const std::optional<std::string>& value, WallTime lost) const;

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  Connect connect_;
  MirrorSettings settings_;
  MirrorObserver& observer_;
  std::string accept_key_;
  MirroredKeys keys_;
  SavedPosition position_;
  bool losing_ = false;    // what an engine lacks that was lost isn't all held back yet
  bool overfull_ = false;  // it has more than a host may keep: all is to be read anew
  std::vector<std::string> unsettled_;  // told, with an older value that may be the last good one
  bool batch_open_ = false;             // more was promised

  MirrorStanding standing_;  // its counts; the rest where it is asked for
  Clock::TimePoint fresh_at_;
  bool told_frozen_ = false;
  Clock::TimePoint frozen_at_;

  Random random_;
  std::size_t endpoint_;
  unsigned failures_ = 0;  // in a row
  TalkPtr talk_;           // nullptr: between two
  std::string otherwise_;  // why the talk is over when there was no life until dead_at_
  Clock::TimePoint dead_at_;
  Clock::TimePoint lived_at_;
  Clock::TimePoint asked_at_;
  Duration ask_after_ = kAskAfter;
  std::unique_ptr<Alarm> retry_;
  std::unique_ptr<Alarm> look_;
  std::unique_ptr<Alarm> frozen_;
  std::optional<Scope> scope_;  // of the talk
};

}  // namespace hlb::fleet
