#include "libnss_hlb/wire.h"

#include <cstring>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/message.h"

namespace hlb::wire {
namespace {

// "hlb" in hexadecimal is the trace that ANONYMOUS asks for (RFC 4505).
constexpr std::string_view kOpening("\0AUTH ANONYMOUS 686c62\r\nBEGIN\r\n", 31);
constexpr std::uint32_t kSerial = 1;

// Messages that a server may send before its answer; hlbd sends none.
constexpr int kMostOthers = 16;

using message::Field;
using message::Header;
using message::Type;

Reply read_message(std::span<const std::uint8_t> message, const Header& header) {
  if (header.type == Type::error) {
    const bool unknown_name = header.error_name == bus::kNoSuchService;
    return {unknown_name ? Reply::Kind::no_such_service : Reply::Kind::refused, 0, {}};
  }
  if (header.type != Type::method_return || header.signature != "ay") return {};
  message::Reader reader(message, header.body);
  const auto record = reader.bytes();
  if (reader.failed()) return {};
  return {Reply::Kind::record, 0, record};
}

Reply parse_messages(std::span<const std::uint8_t> bytes) {
  std::size_t start = 0;
  for (int others = 0; others <= kMostOthers; ++others) {
    const auto rest = bytes.subspan(start);
    const std::size_t size = message::measure(rest);
    if (size == 0 || size > kMaxReply) return {};
    if (size > rest.size()) return {Reply::Kind::incomplete, start + size, {}};
    Header header;
    const auto message = rest.first(size);
    if (!message::read_header(message, header)) return {};
    if (header.reply_serial == kSerial) return read_message(message, header);
    start += size;
  }
  return {};
}

}  // namespace

Request::Request(const Name& name) {
  std::memcpy(bytes_.data(), kOpening.data(), kOpening.size());
  message::Writer call(bytes_.data() + kOpening.size());
  call.begin(Type::method_call, kSerial);
  call.field(Field::path, 'o', bus::kPath);
  call.field(Field::interface, 's', bus::kPeerInterface);
  call.field(Field::member, 's', bus::kLookup);
  call.field(Field::signature, 'g', "s");
  call.end_header();
  call.string(name.text());
  call.end_body();
  size_ = kOpening.size() + call.size();
}

Reply parse_reply(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kLongestLine = 64;  // "OK", the server's id
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t line_end = text.find("\r\n");
  if (line_end == std::string_view::npos && bytes.size() < kLongestLine) {
    return {Reply::Kind::incomplete, bytes.size() + 1, {}};
  }
  // Not by starts_with(), which refers to the C++ run time unless it is inlined.
  if (line_end == std::string_view::npos || text.rfind("OK ", 0) != 0) return {};
  Reply reply = parse_messages(bytes.subspan(line_end + 2));
  reply.needed += line_end + 2;
  return reply;
}

}  // namespace hlb::wire
