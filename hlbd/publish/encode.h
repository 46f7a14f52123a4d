// Verdicts as the bytes of a table. libnss_hlb/TABLE.md shows them by example.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "health/verdict.h"
#include "libnss_hlb/network.h"
#include "libnss_hlb/record.h"

namespace hlb::publish {

// How long a lease lasts, several times as long as the time between two renewals: long enough to
// outlive a busy moment of hlbd, short enough to notice soon that it is gone.
inline constexpr std::chrono::milliseconds kLease{3000};

// Where glibc's sort puts an address: higher sorts first.
using Score = std::function<std::uint32_t(const Address&)>;

// The bytes of one service's record.
std::vector<std::uint8_t> encode_record(const ServiceVerdict& service, const Score& score);

// What holds for a table as a whole.
struct TableTraits {
  std::chrono::milliseconds max_stale{0};
  Network network;  // that the sort scores are of
};

// The bytes of a table of all services, without a lease as yet. Its answers outlive hlbd's last
// renewal by `max_stale`, and by a second at least. No two services share a name.
// Throws std::length_error when it would be 4 GiB or more.
std::vector<std::uint8_t> encode_table(std::span<const ServiceVerdict> services,
                                       const TableTraits& traits, const Score& score);

// A published backend's address, as it went in.
Address address_of(const record::Backend& backend);

}  // namespace hlb::publish
