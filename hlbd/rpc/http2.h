// What nghttp2 takes and gives, in this program's words.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hlb::rpc {

inline constexpr std::size_t kMaxFault = 120;  // of a fault in words

struct FreeHttp2 {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};
using Http2Session = std::unique_ptr<nghttp2_session, FreeHttp2>;
using Http2Callbacks = std::unique_ptr<nghttp2_session_callbacks, FreeHttp2>;

Http2Callbacks new_callbacks();
// `callbacks` must outlive it, and so must `user`, whom they are given.
Http2Session new_client(const nghttp2_session_callbacks& callbacks, void* user);

// A header that lives as long as both texts.
nghttp2_nv header(std::string_view name, std::string_view value);

std::string_view view_of(const std::uint8_t* bytes, std::size_t size);

// The faults below are printable, and at most kMaxFault long.

// "malformed HTTP/2: ", and why.
std::string malformed(std::string_view why);

// What our own GOAWAY holds against the server.
std::string malformed(const nghttp2_goaway& sent);

// Why the server goes away.
std::string in_words(const nghttp2_goaway& received);

// "stream reset: ", and the error's name.
std::string stream_reset(std::uint32_t error);

// The first bytes of a server, which sends its settings first, whatever it is asked.
class Http2Opening {
 public:
  void take(std::string_view received);

  // The fault if it can't be HTTP/2; empty as long as it may be.
  std::string fault() const;

 private:
  std::string beginning_;
};

}  // namespace hlb::rpc
