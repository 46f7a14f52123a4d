#include "libnss_hlb/record.h"

#include "libnss_hlb/bytes.h"

namespace hlb::record {
namespace {

// The words of a table are atomics, and a bus reply's are read as such.
constexpr std::size_t kWordSize = 4;

bool is_aligned(const std::uint8_t* bytes) {
  return reinterpret_cast<std::uintptr_t>(bytes) % kAlignment == 0;
}

}  // namespace

std::uint32_t Backend::scope_id() const {
  return load<std::uint32_t>(bytes_ + at::kScopeId);
}
std::uint32_t Backend::sort_score() const {
  return load_live<Order::relaxed>(bytes_ + at::kSortScore);
}
Family Backend::family() const {
  return BackendState(load_live<Order::relaxed>(bytes_ + at::kState)).family();
}

std::uint32_t Backend::weight() const {
  const std::uint32_t weight = load_live<Order::relaxed>(bytes_ + at::kWeight);
  return weight < kMaxWeight ? weight : kMaxWeight;
}

View View::over(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < at::kOldHeaderEnd || !is_aligned(bytes.data())) return {};
  const std::uint8_t* data = bytes.data();
  const auto size = load<std::uint32_t>(data + at::kSize);
  const Word word(load_live<Order::relaxed>(data + at::kWord));
  if (word.version() != kMajorVersion || size < at::kOldHeaderEnd || size > bytes.size()) return {};

  View view;
  view.header_size_ = load<std::uint16_t>(data + at::kHeaderSize);
  view.backend_size_ = load<std::uint16_t>(data + at::kBackendSize);
  view.backend_count_ = load<std::uint32_t>(data + at::kBackendCount);
  if (view.header_size_ < at::kOldHeaderEnd || view.backend_size_ < at::kBackendEnd) return {};
  if (view.header_size_ % kWordSize != 0 || view.backend_size_ % kWordSize != 0) return {};
  if (view.backend_count_ > kMaxBackends) return {};
  const std::uint64_t backends_end =
      view.header_size_ + std::uint64_t{view.backend_count_} * view.backend_size_;
  const std::uint64_t name_end = std::uint64_t{load<std::uint32_t>(data + at::kNameOffset)} +
                                 load<std::uint16_t>(data + at::kNameLength);
  if (backends_end > size || name_end > size) return {};
  const auto most = load<std::uint16_t>(data + at::kMaxAddresses);
  view.max_addresses_ = most != 0 ? most : std::uint16_t{kMaxBackends};
  view.data_ = data;
  return view;
}

BackendState View::state(std::uint32_t index) const {
  const std::uint8_t* bytes = data_ + header_size_ + std::size_t{index} * backend_size_;
  const auto word = load_live<Order::acquire>(bytes + at::kState);
  const bool no_share = header_size_ < at::kHeaderEnd && Backend(bytes).weight() == 0;
  return BackendState(no_share ? word | std::uint32_t{kNoShare} << 24U : word);
}

std::string_view View::name() const {
  return {reinterpret_cast<const char*>(data_) + load<std::uint32_t>(data_ + at::kNameOffset),
          load<std::uint16_t>(data_ + at::kNameLength)};
}

std::span<const std::uint8_t> View::bytes() const {
  return {data_, load<std::uint32_t>(data_ + at::kSize)};
}

}  // namespace hlb::record
