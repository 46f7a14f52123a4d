// The fields of a packet. Integers are in the byte order of the host, strings have their size
// before them: both sides are of one package and one host.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "helpers/packets.h"

namespace hlb::helpers {

template <typename Number>
concept Plain = std::integral<Number> || std::is_enum_v<Number>;

class FieldWriter {
 public:
  template <Plain Number>
  void put(Number number) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(&number);
    put(std::span(first, sizeof number));
  }

  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }

  // Puts bytes whose number the reader knows.
  void put(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Reads one field after the other. When one isn't there it is no longer ok(), and gives zeroes from
// then on.
class FieldReader {
 public:
  explicit FieldReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

  template <Plain Number>
  Number number() {
    Number number{};
    const auto bytes = take(sizeof number);
    if (ok_) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }

  std::string text(std::size_t limit) {
    const auto bytes = take(count(limit));
    return {bytes.begin(), bytes.end()};
  }

  // The number of fields or bytes to come; 0, and no longer ok(), when it is beyond the limit.
  std::size_t count(std::size_t limit) {
    const auto count = number<std::uint32_t>();
    ok_ = ok_ && count <= limit;
    return ok_ ? count : 0;
  }

  // The next bytes, as many as these.
  void copy_to(std::span<std::uint8_t> bytes) {
    const auto taken = take(bytes.size());
    if (ok_) std::memcpy(bytes.data(), taken.data(), bytes.size());
  }

 private:
  std::span<const std::uint8_t> take(std::size_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  std::span<const std::uint8_t> rest_;
  bool ok_ = true;
};

}  // namespace hlb::helpers
