// A host's copy of the catalog as bytes, so that a restarted hlbd serves it at once and resumes
// where it was. Pure: the caller brings the bytes.
//
// The bytes: "hlbfleet", the version in four bytes, FNV-1a of what follows in eight (both
// little-endian), and a message of protobuf. A reader ignores fields that it doesn't know; what it
// must know comes with another version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "fleet/engine.h"
#include "system/moment.h"
#include "system/whole_file.h"

namespace hlb::fleet {

inline constexpr std::string_view kSnapshotFile = "fleet.snapshot";  // in the state folder

// The highest size of all keys and values that a host keeps.
inline constexpr std::size_t kMostBytes = std::size_t{64} << 20U;

// What this host has of a key.
struct KeptValue {
  std::string value;                // the last, good or not
  std::optional<std::string> good;  // the last good one, where `value` was refused
  Revision revision = 0;            // of the last change; it may be that of an engine that was lost
  bool refused = false;             // by the catalog
  bool held = false;                // the engine has lost it: it stays until that is accepted

  friend bool operator==(const KeptValue&, const KeptValue&) = default;
};

// The newest change known. Who has another one at that revision isn't the engine that the copy is
// of.
struct LastChange {
  Revision at = 0;         // 0: none is known
  std::uint64_t hash = 0;  // of its key and value, or that it has none

  static LastChange of(const Change& change);
  friend bool operator==(const LastChange&, const LastChange&) = default;
};

// How far a host's copy is, and when the engine was last lost.
struct SavedPosition {
  std::uint64_t cluster = 0;
  Revision revision = 0;  // all changes up to it are in the copy; 0: it never was whole
  Revision seen = 0;      // the highest that the engine has shown, of changes elsewhere, too
  LastChange last_change;
  WallTime last_sign;  // of life
  // The last sign of life from before the engine was wiped or restored: what is accepted later than
  // this ends what is held back.
  WallTime lost;
  WallTime held_since;

  friend bool operator==(const SavedPosition&, const SavedPosition&) = default;
};

struct SavedMirror {
  struct Key {
    std::string key;
    KeptValue kept;

    friend bool operator==(const Key&, const Key&) = default;
  };

  SavedPosition position;
  std::vector<Key> keys;  // in their order, each once

  friend bool operator==(const SavedMirror&, const SavedMirror&) = default;
};

// Keys are to be added in their order.
class SnapshotEncoder {
 public:
  explicit SnapshotEncoder(const SavedPosition& position);
  void add(const std::string& key, const KeptValue& kept);

  // Without the checksum, which takes its time: seal() adds it, on whichever thread.
  std::string finish() && { return std::move(bytes_); }
  static void seal(std::string& bytes);

 private:
  std::string bytes_;
};

// Decodes any bytes; empty ones are a mirror that knows nothing. Bytes with a flaw are of no use at
// all.
tl::expected<SavedMirror, Unusable> decode_snapshot(std::string_view bytes);

}  // namespace hlb::fleet
