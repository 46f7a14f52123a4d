// The answer record: one service as hlbd publishes it.
//
// hlbd writes it, into the table and as the `ay` of the bus call; the module reads it. There is one
// layout and one decoder: this. Integers are little-endian. TABLE.md shows the bytes by
// example.
//
// In a table some words are live: hlbd changes them while programs read. Whether a backend is
// answered depends on a single word of them, its state; a reader reads each state once, and
// compares the record's count of changes around that pass.
//
// A record may come from a newer hlbd. Fields are only ever added after the known ones, so readers
// step by the record's own `header_size` and `backend_size`. What an old reader would get wrong
// raises kMajorVersion, and the old reader refuses such a record. Headers of hlbd 0.1 end at
// kOldHeaderEnd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "libnss_hlb/bytes.h"
#include "libnss_hlb/live.h"

namespace hlb::record {

inline constexpr std::uint8_t kMajorVersion = 1;
inline constexpr std::size_t kMaxBackends = 4096;
inline constexpr std::uint32_t kMaxWeight = 65535;  // so that a sum of weights fits 32 bits
inline constexpr std::size_t kAlignment = 8;        // of a record's start

enum class AnswerMode : std::uint8_t { spread = 0, one = 1, all = 2 };
enum class WhenAllDown : std::uint8_t { fail = 0, all = 1, next = 2 };
enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };
// An exception says that a name and all below it are nobody's. It has no backends, and `next`, so
// that modules which don't know of it let the next source answer, too.
enum class Kind : std::uint32_t { service = 0, exception = 1 };

// Flags of the record: what it says of its backends isn't known as yet, or no longer true, so hlbd
// is to be asked; it answers when it knows.
inline constexpr std::uint8_t kUndecided = 1;

// Flags of a backend.
inline constexpr std::uint8_t kUp = 1;         // its checks pass, and it is no suspect
inline constexpr std::uint8_t kWithdrawn = 2;  // takes no new clients, whatever checks say
inline constexpr std::uint8_t kSuspect = 4;    // left out by its first failure; then not up
inline constexpr std::uint8_t kNoShare = 8;    // its weight is 0
// Answered as if it were up, whatever checks say. Older modules don't know this flag, and answer
// only backends that are up.
inline constexpr std::uint8_t kPanic = 16;

// Where the fields stand, in bytes from the record's start, or from the backend's.
namespace at {
inline constexpr std::size_t kSize = 0;           // u32: the whole record, name included
inline constexpr std::size_t kWord = 4;           // u32, live: the next four
inline constexpr std::size_t kVersion = 4;        // u8
inline constexpr std::size_t kMode = 5;           // u8 AnswerMode
inline constexpr std::size_t kAllDown = 6;        // u8 WhenAllDown
inline constexpr std::size_t kFlags = 7;          // u8
inline constexpr std::size_t kHeaderSize = 8;     // u16: where the first backend stands
inline constexpr std::size_t kBackendSize = 10;   // u16: from one backend to the next
inline constexpr std::size_t kBackendCount = 12;  // u32
inline constexpr std::size_t kNameOffset = 16;    // u32: the service's name, no NUL
inline constexpr std::size_t kNameLength = 20;    // u16
inline constexpr std::size_t kMaxAddresses = 22;  // u16: of spread, for each family; 0: no limit
inline constexpr std::size_t kOldHeaderEnd = 24;  // of hlbd 0.1
inline constexpr std::size_t kChanges =
    24;                                   // u32, live: how often a turn of hlbd changed this record
inline constexpr std::size_t kKind = 28;  // u32 Kind
inline constexpr std::size_t kHeaderEnd = 32;

inline constexpr std::size_t kAddress = 0;     // 16 bytes, network order; IPv4 in the first four
inline constexpr std::size_t kScopeId = 16;    // u32: interface of a link-local address, else 0
inline constexpr std::size_t kWeight = 20;     // u32, live: share within its priority
inline constexpr std::size_t kSortScore = 24;  // u32, live: glibc's sort puts the higher first
inline constexpr std::size_t kState = 28;      // u32, live: the next three
inline constexpr std::size_t kPriority = 28;   // u16: the lowest that has a healthy backend serves
inline constexpr std::size_t kFamily = 30;     // u8 Family
inline constexpr std::size_t kBackendFlags = 31;  // u8
inline constexpr std::size_t kBackendEnd = 32;
}  // namespace at

// The backends of the lowest rank are answered. A rank is the priority that hlbd has the backend
// serve at, as long as it is up; backends that are answered only when no backend is up rank after
// all priorities.
using Rank = std::uint32_t;
inline constexpr Rank kFailOpen = UINT16_MAX + 1;
inline constexpr Rank kNever = kFailOpen + 1;  // is not answered, whoever else is

// A backend's state as one look saw it: its fields belong together.
class BackendState {
 public:
  explicit BackendState(std::uint32_t word) : word_(word) {}
  BackendState(std::uint16_t priority, Family family, std::uint8_t flags)
      : word_(priority | static_cast<std::uint32_t>(family) << 16U | std::uint32_t{flags} << 24U) {}

  // Decides who is answered; there is no other rule for it. With `vouched` false the word on who is
  // up is out of date: nobody counts as up.
  Rank rank(WhenAllDown when_all_down, bool vouched = true) const {
    if (withdrawn() || !has_share()) return kNever;
    if (vouched && (up() || panics())) return priority();
    return when_all_down == WhenAllDown::all ? kFailOpen : kNever;
  }

  std::uint32_t word() const { return word_; }

  std::uint16_t priority() const { return static_cast<std::uint16_t>(word_); }
  Family family() const { return static_cast<Family>(word_ >> 16U & 0xffU); }
  bool up() const { return has(kUp); }
  bool withdrawn() const { return has(kWithdrawn); }
  bool suspect() const { return has(kSuspect); }
  bool has_share() const { return !has(kNoShare); }
  bool panics() const { return has(kPanic); }

 private:
  bool has(std::uint8_t flag) const { return (word_ >> 24U & flag) != 0; }

  std::uint32_t word_;
};

// One backend within a record's bytes. Weight and sort score may change between two calls: they
// decide on balance and order alone.
class Backend {
 public:
  explicit Backend(const std::uint8_t* bytes) : bytes_(bytes) {}

  const std::uint8_t* address() const { return bytes_ + at::kAddress; }
  std::uint32_t scope_id() const;
  std::uint32_t weight() const;
  std::uint32_t sort_score() const;
  Family family() const;  // never changes

 private:
  const std::uint8_t* bytes_;
};

// A record's own settings, as one look saw them.
class Word {
 public:
  explicit Word(std::uint32_t word) : word_(word) {}
  Word(AnswerMode mode, WhenAllDown when_all_down, std::uint8_t flags)
      : word_(kMajorVersion | static_cast<std::uint32_t>(mode) << 8U |
              static_cast<std::uint32_t>(when_all_down) << 16U | std::uint32_t{flags} << 24U) {}

  std::uint32_t word() const { return word_; }
  std::uint8_t version() const { return static_cast<std::uint8_t>(word_); }
  AnswerMode mode() const { return static_cast<AnswerMode>(word_ >> 8U & 0xffU); }
  WhenAllDown when_all_down() const { return static_cast<WhenAllDown>(word_ >> 16U & 0xffU); }
  bool undecided() const { return (word_ >> 24U & kUndecided) != 0; }

 private:
  std::uint32_t word_;
};

// A checked look at a record's bytes, which must outlive it.
class View {
 public:
  View() = default;  // not valid

  // Takes the record at the start of `bytes`, which may go on after it. Alignment, version, sizes
  // and offsets are checked against `bytes`; on any fault the view is not valid. Enum values of any
  // byte are let through: a reader treats a value that it doesn't know as the default (spread,
  // fail, no family).
  static View over(std::span<const std::uint8_t> bytes);

  bool valid() const { return data_ != nullptr; }
  Word word() const { return Word(load_live<Order::acquire>(data_ + at::kWord)); }
  bool undecided() const { return word().undecided(); }

  // The count of changes. Between two looks at it that give the same, the first with
  // Order::acquire, the second with Order::relaxed, all that was read counts as read at one moment.
  template <Order order>
  std::uint32_t changes() const {
    return header_size_ < at::kHeaderEnd ? 0 : load_live<order>(data_ + at::kChanges);
  }

  // The limit of spread, for each family; never 0. Always the same, as a buffer is sized by it.
  std::uint32_t max_addresses() const { return max_addresses_; }
  std::string_view name() const;  // the service's own name, lower-case
  bool is_exception() const {
    return header_size_ >= at::kHeaderEnd &&
           load<std::uint32_t>(data_ + at::kKind) == static_cast<std::uint32_t>(Kind::exception);
  }
  std::uint32_t backend_count() const { return backend_count_; }
  Backend backend(std::uint32_t index) const {  // index < backend_count()
    return Backend(data_ + header_size_ + std::size_t{index} * backend_size_);
  }
  // Sets the flag for a weight of 0 itself where hlbd 0.1 made the record, which has no such flag.
  BackendState state(std::uint32_t index) const;
  std::span<const std::uint8_t> bytes() const;

 private:
  const std::uint8_t* data_ = nullptr;
  std::uint32_t backend_count_ = 0;
  std::uint16_t header_size_ = 0;
  std::uint16_t backend_size_ = 0;
  std::uint16_t max_addresses_ = 0;
};

}  // namespace hlb::record
