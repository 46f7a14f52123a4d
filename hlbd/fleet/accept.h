// That somebody accepts what an engine lacks which was wiped, or restored from an older snapshot:
// `hlbctl fleet accept` writes it as a key of the catalog, which every host sees.
//
// It counts on a host if it was written later than the last sign of life that the host had from
// before the loss, and later than any that it saw then. So one that came back with a restored
// snapshot doesn't count, and a host that was cut off meanwhile takes the one it finds.
//
//   {"v":1,"at":"2026-11-28T15:00:00Z","by":"alice"}
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "system/moment.h"

namespace hlb::fleet {

inline constexpr std::string_view kAcceptKey = "accept";  // after "<prefix>/1/c/"

// How far the clock of who accepts may be ahead of this host's.
inline constexpr std::chrono::minutes kClockTolerance{5};

struct Acceptance {
  WallTime at;
  std::string by;  // for people; as it was written

  friend bool operator==(const Acceptance&, const Acceptance&) = default;
};

std::string encode_acceptance(const Acceptance& acceptance);

// nullopt: the value is none.
std::optional<Acceptance> read_acceptance(std::string_view value);

}  // namespace hlb::fleet
