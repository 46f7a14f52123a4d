#include "probes/grpc/message.h"

namespace hlb::probes {
namespace {

// A field's tag is its number, shifted, and how it is encoded:
// https://protobuf.dev/programming-guides/encoding
enum class WireType : unsigned { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

constexpr std::uint64_t kServiceTag = 1U << 3U | static_cast<unsigned>(WireType::bytes);
constexpr std::uint64_t kStatusTag = 1U << 3U | static_cast<unsigned>(WireType::varint);

// In front of each message: whether it is compressed, and its length in four bytes.
constexpr std::size_t kMessageHead = 5;

void put_varint(std::string& message, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U)
    message += static_cast<char>((number & 0x7fU) | 0x80U);
  message += static_cast<char>(number);
}

std::string framed(const std::string& message) {
  std::string frame(1, '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    frame += static_cast<char>(message.size() >> shift & 0xffU);
  return frame + message;
}

std::uint64_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// Takes a message apart. Once something isn't as it should be, nothing more is found.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}

  bool at_end() const { return rest_.empty(); }
  bool ok() const { return ok_; }

  std::uint64_t varint() {
    constexpr std::size_t kLongest = 10;
    std::uint64_t number = 0;
    for (std::size_t at = 0; at < rest_.size() && at < kLongest; ++at) {
      number |= (byte_at(rest_, at) & 0x7fU) << (7 * at);
      if (byte_at(rest_, at) < 0x80) {
        rest_.remove_prefix(at + 1);
        return number;
      }
    }
    return fail();
  }

  // The value of a field that isn't ours.
  void skip(std::uint64_t tag) {
    switch (static_cast<WireType>(tag & 7U)) {
      case WireType::varint:
        varint();
        break;
      case WireType::fixed64:
        skip_bytes(8);
        break;
      case WireType::bytes:
        skip_bytes(varint());
        break;
      case WireType::fixed32:
        skip_bytes(4);
        break;
      default:
        fail();
    }
  }

 private:
  void skip_bytes(std::uint64_t count) {
    if (count > rest_.size()) {
      fail();
    } else {
      rest_.remove_prefix(count);
    }
  }

  std::uint64_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// A field that is absent is zero, and of one that stands twice the last counts.
HealthReply read_message(std::string_view message) {
  Reader reader(message);
  std::uint64_t status = 0;
  while (!reader.at_end()) {
    const std::uint64_t tag = reader.varint();
    if (tag == kStatusTag) {
      status = reader.varint();
    } else if (reader.ok()) {
      reader.skip(tag);
    }
  }
  if (!reader.ok()) return {std::nullopt, "the reply is no HealthCheckResponse"};
  return {static_cast<ServingStatus>(status), ""};
}

}  // namespace

std::string health_check_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    put_varint(message, kServiceTag);
    put_varint(message, service.size());
    message += service;
  }
  return framed(message);
}

HealthReply health_check_reply(std::string_view body) {
  if (body.empty()) return {std::nullopt, "the reply is empty"};
  if (body.size() < kMessageHead) return {std::nullopt, "the reply is broken off"};
  if (body[0] == 1) return {std::nullopt, "the reply is compressed"};
  if (body[0] != 0) return {std::nullopt, "the reply is not framed as gRPC's"};
  std::uint64_t length = 0;
  for (std::size_t at = 1; at < kMessageHead; ++at)
    length = length << 8U | byte_at(body, at);
  const std::string_view message = body.substr(kMessageHead);
  if (message.size() < length) return {std::nullopt, "the reply is broken off"};
  if (message.size() > length) return {std::nullopt, "more than one reply"};
  return read_message(message);
}

}  // namespace hlb::probes
