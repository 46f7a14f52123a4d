#include "ctl/doctor/published.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/bytes.h"
#include "libnss_hlb/clock.h"

namespace hlb::ctl::doctor {
namespace {

namespace at = table::at;

constexpr std::size_t kMostTable = 1U << 30U;  // more than any hlbd publishes

const std::uint8_t* bytes_of(const std::string& text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

Published::Published(const Host& machine, const std::filesystem::path& runtime_dir)
    : path_(runtime_dir / bus::kTableFile) {
  if (auto read = machine.read(path_, kMostTable)) {
    bytes_ = *std::move(read);
  } else {
    error_ = read.error().value();
  }
  read_at_ = read_clock(CLOCK_BOOTTIME);
  view_ = table::View::over({bytes_of(bytes_), bytes_.size()});
  if (!view_.valid()) return;
  freshness_ = view_.freshness(read_at_);
  lease_until_ = load<std::uint64_t>(bytes_of(bytes_) + at::kLeaseUntil);
  lease_is_implausible_ = freshness_ == table::Freshness::expired && lease_until_ > read_at_;
}

std::optional<std::uint16_t> Published::version() const {
  const std::uint8_t* bytes = bytes_of(bytes_);
  if (bytes_.size() < at::kHeaderEnd) return std::nullopt;
  if (std::memcmp(bytes + at::kMagic, table::kMagic, sizeof table::kMagic) != 0)
    return std::nullopt;
  return load<std::uint16_t>(bytes + at::kMajorVersion);
}

std::chrono::milliseconds Published::lasts_for() const {
  if (freshness_ == table::Freshness::expired) return {};
  const std::uint64_t end = lease_until_ + load<std::uint64_t>(bytes_of(bytes_) + at::kStaleFor);
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds(end - read_at_));
}

std::vector<std::string> Published::names() const {
  std::vector<std::string> names;
  if (!view_.valid()) return names;
  const std::uint8_t* bytes = bytes_of(bytes_);
  const std::uint8_t* slots = bytes + load<std::uint32_t>(bytes + at::kSlotsOffset);
  const auto count = load<std::uint32_t>(bytes + at::kSlotCount);  // checked by the view
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t* slot = slots + std::size_t{i} * at::kSlotEnd;
    const auto offset = load<std::uint32_t>(slot + at::kSlotName);
    const auto length = load<std::uint16_t>(slot + at::kSlotNameLength);
    if (load<std::uint32_t>(slot + at::kSlotRecord) == 0) continue;
    if (offset > bytes_.size() || length > bytes_.size() - offset) continue;
    std::string name = bytes_.substr(offset, length);
    // Exceptions are no service's.
    const record::View record = view_.find_or_exception(Name(name));
    if (!record.valid() || !record.is_exception()) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace hlb::ctl::doctor
