// What DNS said to one question. Plain data.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/address.h"

namespace hlb::discovery {

enum class RecordType : std::uint8_t { a, aaaa, srv };

struct DnsQuestion {
  std::string name;  // absolute, no trailing dot
  RecordType type;
};

// An SRV record (RFC 2782), in the order of preference.
struct SrvTarget {
  std::uint16_t priority = 0;  // lower is preferred
  std::uint16_t weight = 0;    // 0: hardly ever, beside others
  std::string name;            // a hostname, lower-case, no trailing dot
  std::uint16_t port = 0;

  friend auto operator<=>(const SrvTarget&, const SrvTarget&) = default;
};

// What is used of one answer: the first ones; a reply over TCP may hold thousands.
inline constexpr std::size_t kMostTargets = 256;

struct DnsAnswer {
  enum class Kind : std::uint8_t {
    records,  // one at least that is of use
    none,     // DNS itself says that there are none
    failed,   // nobody knows
  };
  Kind kind = Kind::failed;
  std::string reason;                // why there are no records, for people
  std::vector<Address> addresses{};  // of a and aaaa; sorted, none twice
  std::vector<SrvTarget> targets{};  // of srv; sorted, none twice
  std::chrono::seconds ttl{0};       // the least of all records
  std::chrono::steady_clock::time_point came{};

  static DnsAnswer none(std::string why) { return {Kind::none, std::move(why)}; }
  static DnsAnswer failure(std::string why) { return {Kind::failed, std::move(why)}; }
};

}  // namespace hlb::discovery
