// The answer of DNS to a question. Plain data.
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
  std::uint16_t weight = 0;    // 0: hardly ever chosen, beside others
  std::string name;            // a hostname, lower-case, no trailing dot
  std::uint16_t port = 0;

  friend auto operator<=>(const SrvTarget&, const SrvTarget&) = default;
};

// The most SRV records that are used of an answer, the first ones; a reply over TCP may hold
// thousands.
inline constexpr std::size_t kMostTargets = 256;

struct DnsAnswer {
  enum class Result : std::uint8_t {
    records,  // at least one usable record
    none,     // DNS itself says that there are no records
    failed,   // no answer to be had
  };
  Result result = Result::failed;
  std::string reason;                // for people: why there are no records
  std::vector<Address> addresses{};  // of a and aaaa; sorted, no address twice
  std::vector<SrvTarget> targets{};  // of srv; sorted, no target twice
  std::chrono::seconds ttl{0};       // the least of all records
  std::chrono::steady_clock::time_point came{};

  static DnsAnswer none(std::string why) { return {Result::none, std::move(why)}; }
  static DnsAnswer failure(std::string why) { return {Result::failed, std::move(why)}; }
};

}  // namespace hlb::discovery
