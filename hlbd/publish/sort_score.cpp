#include "publish/sort_score.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <string_view>

namespace hlb::publish {
namespace {

using AddressBytes = std::array<std::uint8_t, 16>;

struct TableEntry {
  AddressBytes prefix;
  unsigned bits;
  unsigned value;
};

// Copies of glibc's default_labels and default_precedence. Each ends with an entry that takes
// everything.
constexpr TableEntry kLabels[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 0},  // ::1
    {{0x20, 0x02}, 16, 2},                                       // 6to4
    {{}, 96, 3},                                                 // ::a.b.c.d
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 4},         // IPv4
    {{0xfe, 0xc0}, 10, 5},                                       // site-local
    {{0xfc}, 7, 6},                                              // unique local
    {{0x20, 0x01}, 32, 7},                                       // Teredo
    {{}, 0, 1},
};
constexpr TableEntry kPrecedences[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 50},
    {{0x20, 0x02}, 16, 30},
    {{}, 96, 20},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 10},
    {{}, 0, 40},
};

// Fields of the score for the rules of rfc3484_sort, the first rule highest. Rule 7 asks whether
// the source's interface is a tunnel.
constexpr unsigned kReachableAt = 31;   // rule 1
constexpr unsigned kSameScopeAt = 30;   // rule 2
constexpr unsigned kPreferredAt = 29;   // rule 3
constexpr unsigned kHomeAt = 28;        // rule 4
constexpr unsigned kSameLabelAt = 27;   // rule 5
constexpr unsigned kPrecedenceAt = 21;  // rule 6, 6 bits
constexpr unsigned kNativeAt = 20;      // rule 7
constexpr unsigned kSmallScopeAt = 16;  // rule 8, 4 bits
constexpr unsigned kSharedBitsAt = 0;   // rule 9, 8 bits
constexpr unsigned kWidestScope = 15;

constexpr std::uint32_t field(unsigned value, unsigned at) {
  return std::uint32_t{value} << at;
}

// The number of leading bits that both have, at most `limit`.
unsigned shared_bits(const AddressBytes& a, const AddressBytes& b, unsigned limit) {
  unsigned bits = 0;
  for (std::size_t i = 0; bits < limit; ++i) {
    const auto different = static_cast<std::uint8_t>(a[i] ^ b[i]);
    bits += static_cast<unsigned>(std::countl_zero(different));
    if (different != 0) break;
  }
  return std::min(bits, limit);
}

template <std::size_t size>
unsigned look_up(const TableEntry (&table)[size], const Address& address) {
  const AddressBytes bytes = address.as_ipv6();
  return std::ranges::find_if(table,
                              [&](const TableEntry& entry) {
                                return shared_bits(entry.prefix, bytes, entry.bits) == entry.bits;
                              })
      ->value;
}

unsigned ipv4_scope(const AddressBytes& bytes) {
  const bool link_local = bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254);
  return link_local ? 2 : 14;
}

// The scope of an address by RFC 4291, 2.7; loopback counts as link-local.
unsigned scope(const Address& address) {
  const AddressBytes& bytes = address.bytes;
  if (address.is_ipv4()) return ipv4_scope(bytes);
  if (bytes[0] == 0xff) return bytes[1] & 0xFU;
  constexpr AddressBytes kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (bytes == kLoopback) return 2;
  if (bytes[0] != 0xfe) return 14;
  if ((bytes[1] & 0xc0) == 0x80) return 2;
  return (bytes[1] & 0xc0) == 0xc0 ? 5 : 14;
}

// Applies rule 9. For IPv4 it counts within the source's subnet alone. A source without a prefix
// length has a subnet of itself alone: glibc shifts a mask by 32 then, which on x86 and ARM64
// doesn't shift.
unsigned matching_prefix(const Address& destination, const network::SourceAddress& source) {
  if (!destination.is_ipv4()) return shared_bits(destination.bytes, source.address.bytes, 128);
  const unsigned subnet = source.prefix_length == 0 ? 32U : source.prefix_length;
  const unsigned bits = shared_bits(destination.bytes, source.address.bytes, 32);
  return bits >= subnet ? bits : 0;
}

std::uint32_t source_fields(const Address& destination, const network::SourceAddress& source) {
  const bool same_scope = scope(destination) == scope(source.address);
  const bool same_label = look_up(kLabels, destination) == look_up(kLabels, source.address);
  return field(1, kReachableAt) | field(same_scope ? 1 : 0, kSameScopeAt) |
         field(source.deprecated ? 0 : 1, kPreferredAt) | field(source.home ? 1 : 0, kHomeAt) |
         field(same_label ? 1 : 0, kSameLabelAt) | field(source.native ? 1 : 0, kNativeAt) |
         field(matching_prefix(destination, source), kSharedBitsAt);
}

}  // namespace

std::uint32_t sort_score(const Address& destination,
                         const std::optional<network::SourceAddress>& source) {
  // These two count for glibc even among addresses that can't be reached.
  const std::uint32_t always = field(look_up(kPrecedences, destination), kPrecedenceAt) |
                               field(kWidestScope - scope(destination), kSmallScopeAt);
  return source ? always | source_fields(destination, *source) : always;
}

std::size_t SortScores::Hash::operator()(const Address& address) const {
  const char* const bytes = reinterpret_cast<const char*>(address.bytes.data());
  return std::hash<std::string_view>{}({bytes, address.bytes.size()}) ^ address.scope_id;
}

void SortScores::refresh() {
  known_.clear();
  sources_ = network::SourceAddresses();
}

bool SortScores::forget_some(std::size_t most) {
  constexpr std::size_t kAtATime = 1000;
  for (std::size_t i = 0; i < kAtATime && known_.size() > most; ++i)
    known_.erase(known_.begin());
  return known_.size() > most;
}

std::uint32_t SortScores::of(const Address& address) {
  const auto [entry, fresh] = known_.try_emplace(address, 0);
  if (fresh) entry->second = sort_score(address, sources_.towards(address));
  return entry->second;
}

}  // namespace hlb::publish
