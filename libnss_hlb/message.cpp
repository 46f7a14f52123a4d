#include "libnss_hlb/message.h"

#include "libnss_hlb/bytes.h"

namespace hlb::message {
namespace {

constexpr std::uint8_t kLittleEndian = 'l';
constexpr std::uint8_t kProtocolVersion = 1;

// Offsets within the fixed header.
constexpr std::size_t kBodyLength = 4;
constexpr std::size_t kSerial = 8;
constexpr std::size_t kFieldsLength = 12;

// The most that D-Bus has of either, and less than overflows a sum where a size has 32 bits.
constexpr std::size_t kMaxFields = std::size_t{1} << 26U;
constexpr std::size_t kMaxBody = std::size_t{1} << 27U;

constexpr std::size_t aligned(std::size_t offset, std::size_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

}  // namespace

void Writer::begin(Type type, std::uint32_t serial) {
  byte(kLittleEndian);
  byte(static_cast<std::uint8_t>(type));
  byte(0);  // flags
  byte(kProtocolVersion);
  uint32(0);
  uint32(serial);
  uint32(0);
}

void Writer::begin_field(Field code, char type) {
  pad(8);
  byte(static_cast<std::uint8_t>(code));
  byte(1);  // the variant's signature: one type
  byte(static_cast<std::uint8_t>(type));
  byte(0);
}

void Writer::field(Field code, char type, std::string_view text) {
  begin_field(code, type);
  if (type != 'g') return string(text);
  byte(static_cast<std::uint8_t>(text.size()));
  raw(text);
  byte(0);
}

void Writer::field(Field code, std::uint32_t number) {
  begin_field(code, 'u');
  uint32(number);
}

void Writer::end_header() {
  store(start_ + kFieldsLength, static_cast<std::uint32_t>(size_ - kFixedHeader));
  pad(8);
  body_ = size_;
}

void Writer::end_body() {
  store(start_ + kBodyLength, static_cast<std::uint32_t>(size_ - body_));
}

void Writer::string(std::string_view text) {
  uint32(static_cast<std::uint32_t>(text.size()));
  raw(text);
  byte(0);
}

void Writer::bytes(std::span<const std::uint8_t> array) {
  uint32(static_cast<std::uint32_t>(array.size()));
  raw(array);
}

void Writer::pad(std::size_t alignment) {
  while (size_ % alignment != 0)
    byte(0);
}

void Writer::uint32(std::uint32_t value) {
  pad(4);
  store(start_ + size_, value);
  size_ += 4;
}

void Writer::raw(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  std::memcpy(start_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void Writer::raw(std::string_view text) {
  raw({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void Reader::align(std::size_t alignment) {
  take(aligned(offset_, alignment) - offset_);
}

std::uint8_t Reader::byte() {
  const auto bytes = take(1);
  return failed_ ? std::uint8_t{0} : bytes[0];
}

std::uint32_t Reader::uint32() {
  align(4);
  const auto bytes = take(4);
  return failed_ ? 0 : load<std::uint32_t>(bytes.data());
}

std::span<const std::uint8_t> Reader::take(std::size_t count) {
  if (failed_ || count > message_.size() - offset_) {
    failed_ = true;
    return {};
  }
  offset_ += count;
  return message_.subspan(offset_ - count, count);
}

std::string_view Reader::text(std::size_t length) {
  const auto bytes = take(length);
  take(1);  // NUL
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::size_t measure(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kFixedHeader) return kFixedHeader;
  if (bytes[0] != kLittleEndian || bytes[3] != kProtocolVersion) return 0;
  const std::size_t fields = load<std::uint32_t>(bytes.data() + kFieldsLength);
  const std::size_t body = load<std::uint32_t>(bytes.data() + kBodyLength);
  if (fields > kMaxFields || body > kMaxBody) return 0;
  return kFixedHeader + aligned(fields, 8) + body;
}

bool read_header(std::span<const std::uint8_t> message, Header& header) {
  header.type = static_cast<Type>(message[1]);
  header.flags = message[2];
  header.serial = load<std::uint32_t>(message.data() + kSerial);
  const std::size_t end = kFixedHeader + load<std::uint32_t>(message.data() + kFieldsLength);
  header.body = aligned(end, 8);

  std::string_view unknown;
  const auto text = [&](Field code) -> std::string_view& {
    switch (code) {
      case Field::path:
        return header.path;
      case Field::interface:
        return header.interface;
      case Field::member:
        return header.member;
      case Field::error_name:
        return header.error_name;
      case Field::signature:
        return header.signature;
      default:
        return unknown;
    }
  };
  Reader reader(message.first(end), kFixedHeader);
  while (!reader.failed() && reader.offset() < end) {
    reader.align(8);
    const auto code = static_cast<Field>(reader.byte());
    const std::string_view type = reader.signature();
    if (type == "u") {
      const std::uint32_t number = reader.uint32();
      if (code == Field::reply_serial) header.reply_serial = number;
    } else if (type == "s" || type == "o") {
      text(code) = reader.string();
    } else if (type == "g") {
      text(code) = reader.signature();
    } else {
      return false;
    }
  }
  return !reader.failed();
}

}  // namespace hlb::message
