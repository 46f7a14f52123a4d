// What a host has of the catalog's keys, with the last good value of each, and those that the
// engine has lost. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fleet/engine.h"
#include "fleet/snapshot.h"

namespace hlb::fleet {

class MirroredKeys {
 public:
  using Map = std::map<std::string, KeptValue, std::less<>>;

  MirroredKeys() = default;
  explicit MirroredKeys(std::vector<SavedMirror::Key> keys);

  const Map& all() const { return map_; }
  const KeptValue* find(std::string_view key) const;  // nullptr: there is none
  std::size_t bytes() const { return bytes_; }        // of keys and values
  std::size_t refused() const { return refused_; }    // how many
  std::size_t held() const { return held_; }

  // Whether changes leave the whole within `most` bytes.
  bool fit(const std::vector<Change>& changes, std::size_t most) const;

  // Takes a change of the engine's over, which ends that the key is held back. False: the value is
  // as it was, or there was no such key. The value before stays the last good one until settle().
  bool take(const Change& change);

  // The catalog has seen the present value.
  void settle(std::string_view key);

  void refuse(std::string_view key);
  void accept(std::string_view key);

  // Keeps a key that the engine has lost.
  void hold(std::string_view key);
  std::vector<std::string> held_back() const;

  // What to tell who knows nothing yet: first a usable value of each key, then the values that were
  // refused after those. Forgets what was refused, as that is to be found anew.
  std::pair<std::vector<Change>, std::vector<Change>> tell_anew();

  // To be called between the two: a good value that was refused now is no good one.
  void tell_present(std::string_view key);

 private:
  void mark_refused(KeptValue& kept, bool refused);

  Map map_;
  std::size_t bytes_ = 0;
  std::size_t refused_ = 0;
  std::size_t held_ = 0;
};

// Finds what differs between a listing and the keys, in steps, as that may take long. Meanwhile no
// key may come or go.
class ListedDifference {
 public:
  // The keys are those of the position `known`. `listing` is plundered, and must outlive it; of
  // `watched`, a key, the value is kept.
  ListedDifference(const MirroredKeys& keys, const SavedPosition& known,
                   std::vector<Change>& listing, std::string_view prefix, std::string watched);

  // Compares as many keys at most. False: all are compared, or the listing is none (fault()).
  bool step(std::size_t count);

  const std::string& fault() const { return fault_; }  // of the listing; empty: it is in order

  // A change that this host would know isn't known, or is another one: the engine isn't the one
  // that the keys came from, or was restored.
  bool other_history() const { return other_history_; }

  // Whether the last change known is in it, as the last of its key.
  bool shows_last_change() const { return shows_last_change_; }

  // For the result: keys to be put, and keys that the listing lacks, without those held back.
  std::vector<Change>& puts() { return puts_; }
  std::vector<Change>& gone() { return gone_; }
  const std::optional<std::string>& watched() const { return watched_value_; }
  const LastChange& last_change() const { return last_change_; }

  std::size_t listed_bytes() const { return listed_bytes_; }
  std::size_t gone_bytes() const { return gone_bytes_; }
  std::size_t held_bytes() const { return held_bytes_; }  // of keys held back that it lacks

 private:
  void step_once();
  void lack(const MirroredKeys::Map::value_type& entry);
  void compare(Change& listed, const KeptValue& kept);
  void put(Change& listed);
  bool check(const Change& listed);

  const MirroredKeys::Map& map_;
  Revision known_;
  LastChange known_change_;
  bool shows_last_change_ = false;
  MirroredKeys::Map::const_iterator ours_;
  std::vector<Change>& listing_;
  std::size_t next_ = 0;
  std::string prefix_;
  std::string watched_;
  std::string before_;  // the last key that was listed
  std::string fault_;
  bool other_history_ = false;
  std::vector<Change> puts_;
  std::vector<Change> gone_;
  std::optional<std::string> watched_value_;
  LastChange last_change_;
  std::size_t listed_bytes_ = 0;
  std::size_t gone_bytes_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace hlb::fleet
