#include "rpc/session.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>

#include "text/printable.h"

namespace hlb::rpc {
namespace {

// How far a server may send ahead of what was taken in: of one call, and of all.
constexpr std::int32_t kStreamWindow = std::int32_t{1} << 20U;
constexpr std::int32_t kConnectionWindow = std::int32_t{4} << 20U;
constexpr std::uint32_t kMaxHeaders = 16384;  // as the server is told

// What may wait to be sent on a call whose server takes in nothing.
constexpr std::size_t kMaxUnsent = 4096;

}  // namespace

// ---- what nghttp2 tells ------------------------------------------------------------------------

struct RpcSession::Callbacks {
  static RpcSession& self(void* user) { return *static_cast<RpcSession*>(user); }

  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t /*flags*/, void* user) {
    Stream* stream = self(user).find(frame->hd.stream_id);
    if (stream != nullptr) {
      stream->head.take(view_of(name, name_size), view_of(value, value_size));
    }
    return 0;
  }

  static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t id,
                     const std::uint8_t* part, std::size_t size, void* user) {
    Stream* stream = self(user).find(id);
    if (stream != nullptr) self(user).take_body(id, *stream, view_of(part, size));
    return 0;
  }

  static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_SETTINGS) self(user).open_ = true;
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).take_goaway(frame->goaway);
    const bool of_call = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    Stream* stream = self(user).find(frame->hd.stream_id);
    if (of_call && last && stream != nullptr) self(user).conclude(frame->hd.stream_id, *stream);
    return 0;
  }

  // Ends all by the words that nghttp2 has for a server that breaks the rules.
  static int on_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).close(malformed(frame->goaway));
    return 0;
  }

  static int on_invalid_frame(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/,
                              int error, void* user) {
    self(user).close(malformed(nghttp2_strerror(error)));
    return 0;
  }

  static int on_unsent(nghttp2_session* /*session*/, const nghttp2_frame* frame, int error,
                       void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS) {
      self(user).forget(frame->hd.stream_id, nghttp2_strerror(error));
    }
    return 0;
  }

  static int on_close(nghttp2_session* /*session*/, std::int32_t id, std::uint32_t error,
                      void* user) {
    self(user).forget(id, stream_reset(error));
    return 0;
  }

  static ssize_t read_request(nghttp2_session* /*session*/, std::int32_t id, std::uint8_t* space,
                              std::size_t size, std::uint32_t* flags,
                              nghttp2_data_source* /*source*/, void* user) {
    Stream* stream = self(user).find(id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t given = fill(*stream, space, size);
    if (given == 0 && stream->more) return NGHTTP2_ERR_DEFERRED;
    if (stream->unsent.empty() && !stream->more) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(given);
  }

  static Http2Callbacks make() {
    Http2Callbacks callbacks = new_callbacks();
    nghttp2_session_callbacks* made = callbacks.get();
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_unsent);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
    return callbacks;
  }
};

RpcSession::RpcSession(std::string authority, bool tls)
    : authority_(std::move(authority)), tls_(tls) {
  static const Http2Callbacks callbacks = Callbacks::make();
  session_ = new_client(*callbacks, this);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(kStreamWindow)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaders},
  }};
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

RpcSession::~RpcSession() = default;

RpcSession::Stream* RpcSession::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

// ---- out ---------------------------------------------------------------------------------------

RpcSession::StreamId RpcSession::start(const Start& start, RpcCall& call) {
  const std::string& why = fault_.empty() ? leaving_ : fault_;
  if (!why.empty()) {
    call.end({.words = why});
    return 0;
  }
  std::vector<nghttp2_nv> headers = {
      header(":method", "POST"),
      header(":scheme", tls_ ? "https" : "http"),
      header(":path", start.path),
      header(":authority", authority_),
      header("content-type", "application/grpc"),
      header("te", "trailers"),
      header("user-agent", "hlbd"),
  };
  for (const auto& [name, value] : start.metadata)
    headers.push_back(header(name, value));
  const nghttp2_data_provider body{.source = {.ptr = nullptr},
                                   .read_callback = Callbacks::read_request};
  const StreamId id = nghttp2_submit_request(session_.get(), nullptr, headers.data(),
                                             headers.size(), &body, nullptr);
  if (id < 0) {
    call.end({.words = nghttp2_strerror(id)});
    return 0;
  }
  Stream& stream = streams_.try_emplace(id, call, start.more).first->second;
  stream.unsent = framed(start.message);
  return id;
}

void RpcSession::send(StreamId id, std::string_view message) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->call == nullptr) return;
  if (stream->unsent.size() - stream->sent > kMaxUnsent) return;
  stream->unsent += framed(message);
  nghttp2_session_resume_data(session_.get(), id);
}

void RpcSession::drop(StreamId id) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->call == nullptr) return;
  stream->call = nullptr;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

std::size_t RpcSession::fill(Stream& stream, std::uint8_t* space, std::size_t size) {
  const std::string_view part = std::string_view(stream.unsent).substr(stream.sent, size);
  std::memcpy(space, part.data(), part.size());
  stream.sent += part.size();
  if (stream.sent == stream.unsent.size()) {
    stream.unsent = std::string();
    stream.sent = 0;
  }
  return part.size();
}

std::string RpcSession::output() {
  std::string output;
  const std::uint8_t* part = nullptr;
  while (fault_.empty() && output.size() < kMaxOutput) {
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &part);
    if (size < 0) close(malformed(nghttp2_strerror(static_cast<int>(size))));
    if (size <= 0) break;
    output += view_of(part, static_cast<std::size_t>(size));
  }
  return output;
}

// ---- in ----------------------------------------------------------------------------------------

void RpcSession::take(std::string_view received) {
  if (!fault_.empty()) return;
  if (!open_) {
    opening_.take(received);
    if (const std::string why = opening_.fault(); !why.empty()) return close(why);
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(received.data());
  const ssize_t taken = nghttp2_session_mem_recv(session_.get(), bytes, received.size());
  if (taken < 0) close(malformed(nghttp2_strerror(static_cast<int>(taken))));
}

void RpcSession::take_body(StreamId id, Stream& stream, std::string_view part) {
  if (stream.call == nullptr) return;
  if (std::string why = stream.head.fault(); !why.empty()) {
    return cut(id, stream, {.words = std::move(why)});
  }
  while (stream.parts.take(part))
    stream.call->take(stream.parts.message());
  const std::string& fault = stream.parts.fault();
  if (!fault.empty()) cut(id, stream, {.words = fault, .too_long = stream.parts.too_long()});
}

// Calls with a reply to come may still get it; those that would go on and on end now, so that
// whoever has them begins anew elsewhere.
void RpcSession::take_goaway(const nghttp2_goaway& goaway) {
  leaving_ = in_words(goaway);
  if (goaway.error_code != NGHTTP2_NO_ERROR) return close(leaving_);
  for (auto& [id, stream] : streams_) {
    if (stream.more) cut(id, stream, {.words = leaving_});
  }
}

// The server's side of the stream has ended; ours has, too, unless there is more to send.
void RpcSession::conclude(StreamId id, Stream& stream) {
  if (stream.more || !stream.unsent.empty()) return cut(id, stream, end_of(stream));
  tell(stream, end_of(stream));
}

RpcEnd RpcSession::end_of(const Stream& stream) {
  if (std::string why = stream.head.fault(); !why.empty()) return {.words = std::move(why)};
  if (!stream.head.has_status()) return {.words = "the reply has no grpc-status"};
  const auto status = stream.head.status();
  if (status == Status::ok) {
    if (stream.parts.broken_off()) return {.words = "the reply is broken off"};
    return {.status = status};
  }
  const std::string& message = stream.head.message();
  return {.status = status,
          .words = message.empty() ? stream.head.in_words(kMaxFault)
                                   : text::printable(message, kMaxFault)};
}

// Ends a call whose stream is still open, if only on our side.
void RpcSession::cut(StreamId id, Stream& stream, RpcEnd end) {
  if (stream.call == nullptr) return;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  tell(stream, std::move(end));
}

// Tells of the end, unless it was told.
void RpcSession::tell(Stream& stream, RpcEnd end) {
  RpcCall* call = std::exchange(stream.call, nullptr);
  if (call != nullptr) call->end(std::move(end));
}

// Its stream is closed.
void RpcSession::forget(StreamId id, const std::string& why) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  tell(*stream, {.words = why});
  streams_.erase(id);
}

void RpcSession::close(const std::string& why) {
  if (!fault_.empty()) return;
  fault_ = why;
  for (auto& [id, stream] : streams_)
    tell(stream, {.words = why});
}

}  // namespace hlb::rpc
