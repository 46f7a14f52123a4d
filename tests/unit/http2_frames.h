// Frames of HTTP/2 (RFC 9113) byte by byte, as a server sends them, well or badly.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hlb::http2 {

enum class Type : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation,
};

inline constexpr std::uint8_t kNone = 0;
inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kEndHeaders = 4;

inline std::string number(std::uint32_t value, unsigned bytes = 4) {
  std::string text;
  while (bytes-- > 0)
    text += static_cast<char>(value >> (8 * bytes));
  return text;
}

inline std::string frame(Type type, std::uint8_t flags, std::uint32_t stream,
                         const std::string& payload) {
  return number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + number(stream) + payload;
}

inline std::string settings() {
  return frame(Type::settings, kNone, 0, "");
}

using Headers = std::vector<std::pair<std::string, std::string>>;

// As literals without indexing (RFC 7541, 6.2.2), each shorter than 127 bytes.
inline std::string header_block(const Headers& headers) {
  std::string block;
  for (const auto& [name, value] : headers) {
    block += '\0';
    block += static_cast<char>(name.size()) + name;
    block += static_cast<char>(value.size()) + value;
  }
  return block;
}

// On stream 1, the first of a client, unless said otherwise; so are those below.
inline std::string headers(const Headers& headers, std::uint8_t flags = kNone,
                           std::uint32_t stream = 1) {
  return frame(Type::headers, kEndHeaders | flags, stream, header_block(headers));
}

inline std::string data(const std::string& body, std::uint8_t flags = kNone,
                        std::uint32_t stream = 1) {
  return frame(Type::data, flags, stream, body);
}

// ---- of gRPC -----------------------------------------------------------------------------------

inline std::string response(std::uint32_t stream = 1) {
  return headers({{":status", "200"}, {"content-type", "application/grpc"}}, kNone, stream);
}

inline std::string message(const std::string& bytes, std::uint32_t stream = 1) {
  return data('\0' + number(static_cast<std::uint32_t>(bytes.size())) + bytes, kNone, stream);
}

inline std::string trailers(const std::string& status, const std::string& text = "",
                            std::uint32_t stream = 1) {
  Headers fields = {{"grpc-status", status}};
  if (!text.empty()) fields.emplace_back("grpc-message", text);
  return headers(fields, kEndStream, stream);
}

// The whole of what a server says of its serving status.
inline std::string health(char status) {
  return settings() + response() + message(std::string("\x08") + status) + trailers("0");
}

}  // namespace hlb::http2
