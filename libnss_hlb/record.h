// The answer record: one service as hlbd publishes it.
//
// hlbd writes it, into the table and as the `ay` of the bus call; the module reads it. There is one
// layout and one decoder, this one. Integers are little-endian. TABLE.md shows the bytes by
// example.
//
// A record may come from a newer hlbd. Fields are only ever added behind the known ones, so readers
// step by the record's own `header_size` and `backend_size`. What an old reader would get wrong
// raises kMajorVersion, and the old reader refuses such a record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hlb::record {

inline constexpr std::uint8_t kMajorVersion = 1;
inline constexpr std::size_t kMaxBackends = 4096;
inline constexpr std::uint32_t kMaxWeight = 65535;  // so that a sum of weights fits 32 bits

enum class AnswerMode : std::uint8_t { spread = 0, one = 1, all = 2 };
enum class WhenAllDown : std::uint8_t { fail = 0, all = 1, next = 2 };
enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };

// Flags of the record: no first outcome yet, so hlbd is to be asked; it answers when it knows.
inline constexpr std::uint8_t kUndecided = 1;
// Flags of a backend: its checks pass; the operator has taken it out, whatever its checks say.
inline constexpr std::uint8_t kUp = 1;
inline constexpr std::uint8_t kWithdrawn = 2;

// Where the fields stand, in bytes from the record's start, or from the backend's.
namespace at {
inline constexpr std::size_t kSize = 0;           // u32: the whole record, name included
inline constexpr std::size_t kVersion = 4;        // u8
inline constexpr std::size_t kMode = 5;           // u8 AnswerMode
inline constexpr std::size_t kAllDown = 6;        // u8 WhenAllDown
inline constexpr std::size_t kFlags = 7;          // u8
inline constexpr std::size_t kHeaderSize = 8;     // u16: where the first backend stands
inline constexpr std::size_t kBackendSize = 10;   // u16: from one backend to the next
inline constexpr std::size_t kBackendCount = 12;  // u32
inline constexpr std::size_t kNameOffset = 16;    // u32: the service's name, no NUL
inline constexpr std::size_t kNameLength = 20;    // u16
inline constexpr std::size_t kHeaderEnd = 24;

inline constexpr std::size_t kAddress = 0;     // 16 bytes, network order; IPv4 in the first four
inline constexpr std::size_t kScopeId = 16;    // u32: interface of a link-local address, else 0
inline constexpr std::size_t kWeight = 20;     // u32: share within its priority; 0 gets nothing
inline constexpr std::size_t kSortScore = 24;  // u32: glibc's sort puts the higher first
inline constexpr std::size_t kPriority = 28;   // u16: the lowest that has a healthy backend serves
inline constexpr std::size_t kFamily = 30;     // u8 Family
inline constexpr std::size_t kBackendFlags = 31;  // u8
inline constexpr std::size_t kBackendEnd = 32;
}  // namespace at

// One backend within a record's bytes.
class Backend {
 public:
  explicit Backend(const std::uint8_t* bytes) : bytes_(bytes) {}

  const std::uint8_t* address() const { return bytes_ + at::kAddress; }
  std::uint32_t scope_id() const;
  std::uint32_t weight() const;
  std::uint32_t sort_score() const;
  std::uint16_t priority() const;
  Family family() const { return static_cast<Family>(bytes_[at::kFamily]); }
  bool up() const { return (bytes_[at::kBackendFlags] & kUp) != 0; }
  bool withdrawn() const { return (bytes_[at::kBackendFlags] & kWithdrawn) != 0; }

 private:
  const std::uint8_t* bytes_;
};

// A checked look at a record's bytes, which must outlive it.
class View {
 public:
  View() = default;  // not valid

  // Takes the record at the start of `bytes`, which may go on behind it. Version, sizes and offsets
  // are checked against `bytes`; on any fault the view is not valid. Enum values of any byte are
  // let through: a reader treats one that it doesn't know as the default (spread, fail, no family).
  static View over(std::span<const std::uint8_t> bytes);

  bool valid() const { return data_ != nullptr; }
  AnswerMode mode() const { return static_cast<AnswerMode>(data_[at::kMode]); }
  WhenAllDown when_all_down() const { return static_cast<WhenAllDown>(data_[at::kAllDown]); }
  bool undecided() const { return (data_[at::kFlags] & kUndecided) != 0; }
  std::string_view name() const;  // the service's own name, lower-case
  std::uint32_t backend_count() const { return backend_count_; }
  Backend backend(std::uint32_t index) const {  // index < backend_count()
    return Backend(data_ + header_size_ + std::size_t{index} * backend_size_);
  }
  std::span<const std::uint8_t> bytes() const;

 private:
  const std::uint8_t* data_ = nullptr;
  std::uint32_t backend_count_ = 0;
  std::uint16_t header_size_ = 0;
  std::uint16_t backend_size_ = 0;
};

}  // namespace hlb::record
