#include "libnss_hlb/table.h"

#include <atomic>

#include "libnss_hlb/bytes.h"

namespace hlb::table {
namespace {

// A call of memcmp(3) costs more than it saves here: between two lookups the kernel has run, and
// every indirect jump is mispredicted again.
bool same_bytes(const std::uint8_t* bytes, std::string_view name) {
  const auto* wanted = reinterpret_cast<const std::uint8_t*>(name.data());
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= name.size(); at += sizeof(std::uint64_t)) {
    if (load<std::uint64_t>(bytes + at) != load<std::uint64_t>(wanted + at)) return false;
  }
  for (; at < name.size(); ++at) {
    if (bytes[at] != wanted[at]) return false;
  }
  return true;
}

}  // namespace

View View::over(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* data = bytes.data();
  if (bytes.size() < at::kHeaderEnd) return {};
  if (std::memcmp(data + at::kMagic, kMagic, sizeof kMagic) != 0) return {};
  if (load<std::uint16_t>(data + at::kMajorVersion) != kMajorVersion) return {};
  if (load<std::uint64_t>(data + at::kSize) != bytes.size()) return {};

  const auto slot_count = load<std::uint32_t>(data + at::kSlotCount);
  const std::uint64_t slots_end =
      load<std::uint32_t>(data + at::kSlotsOffset) + std::uint64_t{slot_count} * at::kSlotEnd;
  if (!std::has_single_bit(slot_count) || slots_end > bytes.size()) return {};
  View view;
  view.data_ = data;
  view.size_ = bytes.size();
  return view;
}

bool View::superseded() const {
  return load_live<Order::acquire>(data_ + at::kSuperseded) != 0;
}

bool View::superseded_meanwhile() const {
  std::atomic_thread_fence(std::memory_order_acquire);
  return load_live<Order::relaxed>(data_ + at::kSuperseded) != 0;
}

std::uint32_t View::flags() const {
  return load_live<Order::acquire>(data_ + at::kFlags);
}

bool View::incomplete() const {
  return (flags() & kIncomplete) != 0;
}

bool View::retired() const {
  return (flags() & kRetired) != 0;
}

Network View::network() const {
  return {.device = load<std::uint64_t>(data_ + at::kNetworkDevice),
          .inode = load<std::uint64_t>(data_ + at::kNetworkInode),
          .cookie = load<std::uint64_t>(data_ + at::kNetworkCookie)};
}

// The halves of two renewals make a time that is 4.29 s off: not current then, for one lookup.
std::uint64_t View::lease_until() const {
  const std::uint64_t low = load_live<Order::relaxed>(data_ + at::kLeaseUntil);
  const std::uint64_t high = load_live<Order::relaxed>(data_ + at::kLeaseUntil + 4);
  return high << 32U | low;
}

Freshness View::freshness(std::uint64_t now_ns) const {
  const std::uint64_t lease_until = this->lease_until();
  if (now_ns < lease_until) {
    // Twice the lease, since hlbd may have renewed it just after `now_ns` was read.
    const bool plausible = (lease_until - now_ns) / 2 <= load<std::uint64_t>(data_ + at::kLease);
    return plausible ? Freshness::current : Freshness::expired;
  }
  const bool lately = now_ns - lease_until < load<std::uint64_t>(data_ + at::kStaleFor);
  return lately ? Freshness::stale : Freshness::expired;
}

record::View View::probe(std::string_view name, std::uint32_t required_flags) const {
  const std::uint64_t wanted = hash(name);
  const std::uint32_t mask = load<std::uint32_t>(data_ + at::kSlotCount) - 1;
  const auto first = static_cast<std::uint32_t>(wanted);
  const std::uint8_t* slots = data_ + load<std::uint32_t>(data_ + at::kSlotsOffset);

  for (std::uint32_t step = 0; step <= mask; ++step) {
    const std::uint8_t* slot = slots + std::size_t{(first + step) & mask} * at::kSlotEnd;
    const auto record_offset = load<std::uint32_t>(slot + at::kSlotRecord);
    if (record_offset == 0) return {};
    if (load<std::uint32_t>(slot + at::kSlotHash) != wanted >> 32) continue;
    const auto name_offset = load<std::uint32_t>(slot + at::kSlotName);
    const auto name_length = load<std::uint16_t>(slot + at::kSlotNameLength);
    if (name_length != name.size() || name_offset > size_ || name_length > size_ - name_offset)
      continue;
    if (!same_bytes(data_ + name_offset, name)) continue;
    if ((load<std::uint16_t>(slot + at::kSlotFlags) & required_flags) != required_flags) return {};
    if (record_offset > size_) return {};
    return record::View::over({data_ + record_offset, size_ - record_offset});
  }
  return {};
}

record::View View::find_or_exception(const Name& name) const {
  record::View found = probe(name.text(), 0);
  if ((flags() & kSubdomains) == 0) return found;
  std::string_view parent = name.text();
  for (std::size_t dot; !found.valid() && (dot = parent.find('.')) != std::string_view::npos;) {
    parent.remove_prefix(dot + 1);
    found = probe(parent, kSubdomains);
  }
  return found;
}

record::View View::find(const Name& name) const {
  const record::View found = find_or_exception(name);
  return found.valid() && found.is_exception() ? record::View() : found;
}

}  // namespace hlb::table
