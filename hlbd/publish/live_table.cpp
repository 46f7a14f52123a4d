#include "publish/live_table.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "libnss_hlb/bytes.h"
#include "libnss_hlb/live.h"
#include "publish/live_record.h"

namespace hlb::publish {
namespace {

namespace header = table::at;

record::View record_of(const table::View& table, std::string_view name) {
  return table.valid() ? table.find(Name(name)) : record::View();
}

std::uint32_t slot_count(std::span<const std::uint8_t> bytes) {
  return load<std::uint32_t>(bytes.data() + header::kSlotCount);
}

// Calls `use(name, record, flags)` for each name in the table's slots from `first` until `end`,
// aliases included.
template <typename Use>
void for_each_name(std::span<const std::uint8_t> bytes, std::uint32_t first, std::uint32_t end,
                   Use use) {
  const std::uint8_t* slot = bytes.data() +
                             load<std::uint32_t>(bytes.data() + header::kSlotsOffset) +
                             std::size_t{first} * header::kSlotEnd;
  for (std::uint32_t i = first; i < end; ++i, slot += header::kSlotEnd) {
    const auto record = load<std::uint32_t>(slot + header::kSlotRecord);
    if (record == 0) continue;
    const auto name = bytes.subspan(load<std::uint32_t>(slot + header::kSlotName),
                                    load<std::uint16_t>(slot + header::kSlotNameLength));
    use(std::string_view(reinterpret_cast<const char*>(name.data()), name.size()), record,
        load<std::uint16_t>(slot + header::kSlotFlags));
  }
}

template <typename Use>
void for_each_name(std::span<const std::uint8_t> bytes, Use use) {
  for_each_name(bytes, 0, slot_count(bytes), use);
}

bool same_bytes(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other,
                std::size_t first, std::size_t end) {
  return std::memcmp(one.data() + first, other.data() + first, end - first) == 0;
}

// Of all that stands before the records. Of the flags one is never changed.
bool same_head(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other) {
  const auto subdomains = [](std::span<const std::uint8_t> table) {
    return load<std::uint32_t>(table.data() + header::kFlags) & table::kSubdomains;
  };
  const auto slots = load<std::uint32_t>(one.data() + header::kSlotsOffset);
  return same_bytes(one, other, 0, header::kSuperseded) &&
         same_bytes(one, other, header::kSize, header::kFlags) &&
         subdomains(one) == subdomains(other) &&
         same_bytes(one, other, header::kServiceCount,
                    slots + std::size_t{slot_count(one)} * header::kSlotEnd);
}

}  // namespace

bool LiveTable::tell(const ServiceVerdict& service, AskHlbd ask) {
  if (bytes_.empty()) return false;
  const record::View record = record_of(view(), service.spec->name);
  if (!record.valid() || record.name() != service.spec->name) {
    add_flag(table::kIncomplete);
    return false;
  }
  const auto offset = static_cast<std::size_t>(record.bytes().data() - bytes_.data());
  return change_record(bytes_.subspan(offset), service, ask);
}

bool LiveTable::sort_by(const Score& score_of, std::uint32_t first, std::uint32_t count) {
  const std::uint32_t slots = view().valid() ? slot_count(bytes_) : 0;
  if (first >= slots) return false;
  const std::uint32_t end = first + std::min(count, slots - first);
  for_each_name(bytes_, first, end, [&](std::string_view, std::uint32_t offset, std::uint16_t) {
    change_scores(bytes_.subspan(offset), score_of);
  });
  return end < slots;
}

bool LiveTable::leave_names_to_hlbd(std::span<const std::uint8_t> truth, std::uint64_t first,
                                    std::uint64_t count) {
  if (bytes_.empty()) return false;
  add_flag(table::kIncomplete);
  const table::View now = table::View::over(truth);
  const auto leave_unless_same = [&](std::string_view name) {
    const record::View here = view().find_or_exception(Name(name));
    const record::View there = now.find_or_exception(Name(name));
    const bool same = here.valid() && there.valid() && there.name() == here.name() &&
                      there.is_exception() == here.is_exception();
    if (!here.valid() || same) return;
    leave_to_hlbd(bytes_.subspan(static_cast<std::size_t>(here.bytes().data() - bytes_.data())));
  };
  const std::uint64_t here = slot_count(bytes_);
  const std::uint64_t there = slot_count(truth);
  // The part of a table's slots, of those from `start` on, that is looked at.
  const auto part = [&](std::uint64_t place, std::uint64_t start, std::uint64_t slots) {
    return static_cast<std::uint32_t>(std::clamp(place, start, start + slots) - start);
  };
  for_each_name(bytes_, part(first, 0, here), part(first + count, 0, here),
                [&](std::string_view name, std::uint32_t, std::uint16_t flags) {
                  leave_unless_same(name);
                  if ((flags & table::kSubdomains) != 0)
                    leave_unless_same("any." + std::string(name));
                });
  // A new name may be here as another service's subdomain.
  for_each_name(
      truth, part(first, here, there), part(first + count, here, there),
      [&](std::string_view name, std::uint32_t, std::uint16_t) { leave_unless_same(name); });
  return first + count < here + there;
}

void LiveTable::complete() {
  std::uint8_t* flags = bytes_.data() + header::kFlags;
  store_live<Order::release>(flags, load_live<Order::relaxed>(flags) & ~table::kIncomplete);
}

void LiveTable::set_lease(std::uint64_t until_ns) {
  std::uint8_t* place = bytes_.data() + header::kLeaseUntil;
  store_live<Order::relaxed>(place, static_cast<std::uint32_t>(until_ns));
  store_live<Order::relaxed>(place + 4, static_cast<std::uint32_t>(until_ns >> 32U));
}

std::uint64_t LiveTable::lease() const {
  const std::uint8_t* place = bytes_.data() + header::kLeaseUntil;
  const std::uint64_t high = load_live<Order::relaxed>(place + 4);
  return high << 32U | load_live<Order::relaxed>(place);
}

std::uint64_t LiveTable::lease_length() const {
  return load<std::uint64_t>(bytes_.data() + header::kLease);
}

void LiveTable::supersede() {
  const bool ours = bytes_.size() >= header::kSize &&
                    std::equal(std::begin(table::kMagic), std::end(table::kMagic), bytes_.begin());
  if (ours) store_live<Order::release>(bytes_.data() + header::kSuperseded, 1);
}

void LiveTable::retire() {
  if (view().valid()) add_flag(table::kRetired);
}

void LiveTable::add_flag(std::uint32_t flag) {
  std::uint8_t* flags = bytes_.data() + header::kFlags;
  store_live<Order::release>(flags, load_live<Order::relaxed>(flags) | flag);
}

bool same(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other, Words words) {
  if (one.size() != other.size() || one.empty() || !same_head(one, other)) return false;
  bool all_same = true;
  for_each_name(one, [&](std::string_view name, std::uint32_t record, std::uint16_t) {
    const auto place =
        static_cast<std::size_t>(reinterpret_cast<const std::uint8_t*>(name.data()) - one.data());
    all_same = all_same && same_bytes(one, other, place, place + name.size()) &&
               same_record(one.subspan(record), other.subspan(record), words);
  });
  return all_same;
}

}  // namespace hlb::publish
