// D-Bus messages as bytes (D-Bus Specification 1.0, "Message Protocol"): as much of them as a peer
// lookup needs, for both of its ends. Little-endian alone, since both are on one machine.
//
// No socket and no allocation; any bytes are tolerated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hlb::message {

enum class Type : std::uint8_t { method_call = 1, method_return = 2, error = 3 };
enum class Field : std::uint8_t {
  path = 1,
  interface = 2,
  member = 3,
  error_name = 4,
  reply_serial = 5,
  signature = 8,
};

inline constexpr std::size_t kFixedHeader = 16;  // up to and with the length of the header fields
inline constexpr std::uint8_t kNoReplyExpected = 1;  // a flag of method calls

// Writes values one after the other. The room they need must be known to be there: everything but
// the names that a caller puts in, which are bounded, has a fixed size.
class Writer {
 public:
  explicit Writer(std::uint8_t* start) : start_(start) {}

  // The fixed header; end_header() fills in the lengths.
  void begin(Type type, std::uint32_t serial);
  void field(Field code, char type, std::string_view text);  // an 's', 'o' or 'g'
  void field(Field code, std::uint32_t number);              // a 'u'
  void end_header();
  void string(std::string_view text);
  void bytes(std::span<const std::uint8_t> array);  // an 'ay'
  void end_body();
  std::size_t size() const { return size_; }

 private:
  void byte(std::uint8_t value) { start_[size_++] = value; }
  void pad(std::size_t alignment);
  void uint32(std::uint32_t value);
  void raw(std::span<const std::uint8_t> bytes);
  void raw(std::string_view text);
  void begin_field(Field code, char type);

  std::uint8_t* start_;
  std::size_t size_ = 0;
  std::size_t body_ = 0;
};

// Room that a message needs beside the texts and arrays put into it.
inline constexpr std::size_t kOverhead = 160;

// Reads values of a message. Past its end, or at what makes no sense, it fails for good, and gives
// zeroes and empty strings from then on.
class Reader {
 public:
  // offset ≤ message.size()
  Reader(std::span<const std::uint8_t> message, std::size_t offset)
      : message_(message), offset_(offset) {}

  bool failed() const { return failed_; }
  std::size_t offset() const { return offset_; }

  void align(std::size_t alignment);
  std::uint8_t byte();
  std::uint32_t uint32();
  std::string_view string() { return text(uint32()); }
  std::string_view signature() { return text(byte()); }
  std::span<const std::uint8_t> bytes() { return take(uint32()); }  // an 'ay'

 private:
  std::span<const std::uint8_t> take(std::size_t count);
  std::string_view text(std::size_t length);

  std::span<const std::uint8_t> message_;
  std::size_t offset_;
  bool failed_ = false;
};

struct Header {
  Type type{};
  std::uint8_t flags = 0;
  std::uint32_t serial = 0;
  std::uint32_t reply_serial = 0;
  std::string_view path;
  std::string_view interface;
  std::string_view member;
  std::string_view error_name;
  std::string_view signature;
  std::size_t body = 0;  // where the body starts
};

// The size of the message at the start of `bytes`: the bytes needed to tell as long as there are
// fewer, 0 for what is no message.
std::size_t measure(std::span<const std::uint8_t> bytes);

// Reads the header of a message that is there whole. False for what can't be read; a field of a
// type that no message between the two of us has can't be stepped over, for instance.
bool read_header(std::span<const std::uint8_t> message, Header& header);

}  // namespace hlb::message
