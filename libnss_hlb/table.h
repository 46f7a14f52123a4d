// The table: hlbd's published answers, as one file that programs map. TABLE.md shows its bytes, and
// says who writes which word when.
//
// Which names and backends it has never changes; who of them is answered does, word by word, in
// place (record.h). Magic, version, `superseded` and the lease stand at the same place in every
// version, so that any hlbd can retire any other's table.
//
// The version rule. A reader takes a table whose major version is its own and treats every other as
// absent (it then asks hlbd over the bus). Within a major version fields are only added after the
// known ones. An hlbd that starts marks whatever table it finds as superseded once its own stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "libnss_hlb/name.h"
#include "libnss_hlb/network.h"
#include "libnss_hlb/record.h"

namespace hlb::table {

inline constexpr std::uint8_t kMagic[8] = {'h', 'l', 'b', 't', 'a', 'b', 'l', 'e'};
inline constexpr std::uint16_t kMajorVersion = 2;
inline constexpr std::uint16_t kMinorVersion = 0;

namespace at {
inline constexpr std::size_t kMagic = 0;          // 8 bytes
inline constexpr std::size_t kMajorVersion = 8;   // u16
inline constexpr std::size_t kMinorVersion = 10;  // u16
inline constexpr std::size_t kSuperseded = 12;    // u32, live: not 0 when a newer table stands
inline constexpr std::size_t kLeaseUntil = 16;    // u64, live in two halves: CLOCK_BOOTTIME in ns
inline constexpr std::size_t kSize = 24;          // u64: the whole table
inline constexpr std::size_t kLease = 32;         // u64: how far ahead a lease may lie, in ns
inline constexpr std::size_t kStaleFor = 40;      // u64: how long answers outlive it, in ns
inline constexpr std::size_t kSlotsOffset = 48;   // u32
inline constexpr std::size_t kSlotCount = 52;     // u32, a power of two
inline constexpr std::size_t kFlags = 56;         // u32, live
inline constexpr std::size_t kServiceCount = 60;  // u32
// The network namespace that the sort scores are true in; 0: not known.
inline constexpr std::size_t kNetworkDevice = 64;  // u64
inline constexpr std::size_t kNetworkInode = 72;   // u64
inline constexpr std::size_t kNetworkCookie = 80;  // u64
// 8 bytes that nobody uses: no slot lies in two lines of the processor's cache.
inline constexpr std::size_t kHeaderEnd = 96;

// A slot of the hash table: a name and the record that answers it. An empty slot is all zeroes.
// A name stands in the first free slot from `hash & (slot count - 1)` on, wrapping around.
inline constexpr std::size_t kSlotHash = 0;         // u32: the upper half of the name's hash
inline constexpr std::size_t kSlotRecord = 4;       // u32: offset of the record, never 0
inline constexpr std::size_t kSlotName = 8;         // u32: offset of the name, no NUL
inline constexpr std::size_t kSlotNameLength = 12;  // u16
inline constexpr std::size_t kSlotFlags = 14;       // u16
inline constexpr std::size_t kSlotEnd = 16;
}  // namespace at

// Flag of the table, and of each slot concerned: names below this one are the service's as well.
inline constexpr std::uint32_t kSubdomains = 1;
// Flags of the table.
inline constexpr std::uint32_t kIncomplete = 2;  // hlbd has names that aren't here
inline constexpr std::uint32_t kRetired = 4;     // hlbd was removed: its names are nobody's now

// How far a table's answers can be trusted at a moment.
enum class Freshness : std::uint8_t {
  current,  // hlbd is alive and stands by it
  stale,    // hlbd is gone, not long enough to matter
  expired,  // hlbd is gone for longer than max_stale
};

// A checked look at a table's bytes, which must outlive it and be aligned as a page is. Any bytes
// whatever are safe to look at, as long as they stay mapped.
class View {
 public:
  View() = default;  // not valid

  static View over(std::span<const std::uint8_t> bytes);

  bool valid() const { return data_ != nullptr; }

  // Ask the first before anything is read, and the second after all of it was: a table that was
  // superseded in between may have been taken away under the reader, and reads as zeroes.
  bool superseded() const;
  bool superseded_meanwhile() const;

  // Ask these after a name wasn't found.
  bool incomplete() const;
  bool retired() const;

  // The network in which the sort scores are true.
  Network network() const;

  // `now_ns` is CLOCK_BOOTTIME, read before the call. A lease far farther ahead than hlbd sets one,
  // as a time namespace shows it, is not current.
  Freshness freshness(std::uint64_t now_ns) const;

  // The record that answers `name`; not valid when no service has that name. Of several services
  // with `subdomains`, and exceptions, that with the longest name counts.
  record::View find(const Name& name) const;

  // The same, or the exception by which no service has the name.
  record::View find_or_exception(const Name& name) const;

 private:
  std::uint64_t lease_until() const;
  std::uint32_t flags() const;
  record::View probe(std::string_view name, std::uint32_t required_flags) const;

  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace hlb::table
