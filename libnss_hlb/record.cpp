#include "libnss_hlb/record.h"

#include "libnss_hlb/bytes.h"

namespace hlb::record {

std::uint32_t Backend::scope_id() const {
  return load<std::uint32_t>(bytes_ + at::kScopeId);
}
std::uint32_t Backend::sort_score() const {
  return load<std::uint32_t>(bytes_ + at::kSortScore);
}
std::uint16_t Backend::priority() const {
  return load<std::uint16_t>(bytes_ + at::kPriority);
}

std::uint32_t Backend::weight() const {
  const auto weight = load<std::uint32_t>(bytes_ + at::kWeight);
  return weight < kMaxWeight ? weight : kMaxWeight;
}

View View::over(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < at::kHeaderEnd) return {};
  const std::uint8_t* data = bytes.data();
  const auto size = load<std::uint32_t>(data + at::kSize);
  if (data[at::kVersion] != kMajorVersion || size < at::kHeaderEnd || size > bytes.size())
    return {};

  View view;
  view.header_size_ = load<std::uint16_t>(data + at::kHeaderSize);
  view.backend_size_ = load<std::uint16_t>(data + at::kBackendSize);
  view.backend_count_ = load<std::uint32_t>(data + at::kBackendCount);
  if (view.header_size_ < at::kHeaderEnd || view.backend_size_ < at::kBackendEnd) return {};
  if (view.backend_count_ > kMaxBackends) return {};
  const std::uint64_t backends_end =
      view.header_size_ + std::uint64_t{view.backend_count_} * view.backend_size_;
  const std::uint64_t name_end = std::uint64_t{load<std::uint32_t>(data + at::kNameOffset)} +
                                 load<std::uint16_t>(data + at::kNameLength);
  if (backends_end > size || name_end > size) return {};
  view.data_ = data;
  return view;
}

std::string_view View::name() const {
  return {reinterpret_cast<const char*>(data_) + load<std::uint32_t>(data_ + at::kNameOffset),
          load<std::uint16_t>(data_ + at::kNameLength)};
}

std::span<const std::uint8_t> View::bytes() const {
  return {data_, load<std::uint32_t>(data_ + at::kSize)};
}

}  // namespace hlb::record
