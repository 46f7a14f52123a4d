#include "rpc/http2.h"

#include <algorithm>
#include <new>

#include "text/printable.h"

namespace hlb::rpc {
namespace {

constexpr std::size_t kFrameHead = 9;  // RFC 9113, 4.1
constexpr std::size_t kShown = 40;     // of what came in place of HTTP/2

}  // namespace

Http2Callbacks new_callbacks() {
  nghttp2_session_callbacks* made = nullptr;
  if (nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc();
  return Http2Callbacks(made);
}

Http2Session new_client(const nghttp2_session_callbacks& callbacks, void* user) {
  nghttp2_session* made = nullptr;
  if (nghttp2_session_client_new(&made, &callbacks, user) != 0) throw std::bad_alloc();
  return Http2Session(made);
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string_view view_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string malformed(std::string_view why) {
  const std::string start = "malformed HTTP/2: ";
  return start + text::printable(why, kMaxFault - start.size());
}

std::string malformed(const nghttp2_goaway& sent) {
  const std::string_view why = view_of(sent.opaque_data, sent.opaque_data_len);
  return malformed(why.empty() ? nghttp2_http2_strerror(sent.error_code) : why);
}

std::string in_words(const nghttp2_goaway& received) {
  std::string reason = "the server goes away: ";
  reason += nghttp2_http2_strerror(received.error_code);
  if (received.opaque_data_len > 0) {
    reason += ", ";
    reason += text::printable(view_of(received.opaque_data, received.opaque_data_len),
                              kMaxFault - reason.size());
  }
  return reason;
}

std::string stream_reset(std::uint32_t error) {
  return std::string("stream reset: ") + nghttp2_http2_strerror(error);
}

void Http2Opening::take(std::string_view received) {
  beginning_ += received.substr(0, std::max(kShown, kFrameHead) - beginning_.size());
}

std::string Http2Opening::fault() const {
  static constexpr std::size_t kTypeAt = 3;
  const bool may_be = beginning_.empty() ||
                      (beginning_.front() == '\0' &&
                       (beginning_.size() <= kTypeAt || beginning_[kTypeAt] == NGHTTP2_SETTINGS));
  if (may_be) return "";
  const std::string_view line = std::string_view(beginning_).substr(0, beginning_.find('\r'));
  return "not HTTP/2: \"" + text::printable(line, kShown) + '"';
}

}  // namespace hlb::rpc
