#include "probes/grpc/call.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "probes/grpc/message.h"
#include "probes/reason.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

constexpr std::size_t kFrameHead = 9;   // RFC 9113, 4.1
constexpr std::size_t kMaxField = 256;  // kept of a header
constexpr std::size_t kShown = 40;      // of what came in place of HTTP/2

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
constexpr std::array<std::string_view, 17> kStatusNames = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

std::string_view name_of_status(std::string_view number) {
  for (std::size_t status = 0; status < kStatusNames.size(); ++status) {
    if (std::to_string(status) == number) return kStatusNames.at(status);
  }
  return "";
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
  return start + text::printable(why, kMaxReason - start.size());
}

Outcome judge(ServingStatus status) {
  switch (status) {
    case ServingStatus::serving:
      return Outcome::pass("SERVING");
    case ServingStatus::unknown:
      return Outcome::hard_failure("UNKNOWN");
    case ServingStatus::not_serving:
      return Outcome::hard_failure("NOT_SERVING");
    case ServingStatus::service_unknown:
      return Outcome::hard_failure("SERVICE_UNKNOWN");
  }
  return Outcome::hard_failure("serving status " +
                               std::to_string(static_cast<std::uint64_t>(status)));
}

}  // namespace

// ---- what nghttp2 tells ------------------------------------------------------------------------

struct GrpcCall::Callbacks {
  static GrpcCall& call(void* user) { return *static_cast<GrpcCall*>(user); }

  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t /*flags*/, void* user) {
    call(user).take_header(view_of(name, name_size), view_of(value, value_size));
    return 0;
  }

  static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t /*stream*/,
                     const std::uint8_t* part, std::size_t size, void* user) {
    call(user).take_body(view_of(part, size));
    return 0;
  }

  static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    const bool of_call = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (of_call && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) call(user).conclude();
    if (frame->hd.type == NGHTTP2_GOAWAY) take_goaway(frame->goaway, call(user));
    return 0;
  }

  // Ends the call unless the server is only about to stop, and may still answer.
  static void take_goaway(const nghttp2_goaway& goaway, GrpcCall& call) {
    if (goaway.error_code == NGHTTP2_NO_ERROR && goaway.last_stream_id > 0) return;
    std::string reason = "the server goes away: ";
    reason += nghttp2_http2_strerror(goaway.error_code);
    if (goaway.opaque_data_len > 0) {
      reason += ", ";
      reason += text::printable(view_of(goaway.opaque_data, goaway.opaque_data_len),
                                kMaxReason - reason.size());
    }
    call.conclude(std::move(reason));
  }

  // Ends the call by the words that nghttp2 has for a server that breaks the rules.
  static int on_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_GOAWAY) return 0;
    const nghttp2_goaway& goaway = frame->goaway;
    const std::string_view why = view_of(goaway.opaque_data, goaway.opaque_data_len);
    call(user).conclude(malformed(why.empty() ? nghttp2_http2_strerror(goaway.error_code) : why));
    return 0;
  }

  static int on_invalid_frame(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/,
                              int error, void* user) {
    call(user).conclude(malformed(nghttp2_strerror(error)));
    return 0;
  }

  static int on_close(nghttp2_session* /*session*/, std::int32_t /*stream*/, std::uint32_t error,
                      void* user) {
    call(user).conclude(std::string("stream reset: ") + nghttp2_http2_strerror(error));
    return 0;
  }

  static ssize_t read_request(nghttp2_session* /*session*/, std::int32_t /*stream*/,
                              std::uint8_t* space, std::size_t size, std::uint32_t* flags,
                              nghttp2_data_source* /*source*/, void* user) {
    GrpcCall& self = call(user);
    const std::string_view part = std::string_view(self.request_).substr(self.sent_, size);
    std::memcpy(space, part.data(), part.size());
    self.sent_ += part.size();
    if (self.sent_ == self.request_.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(part.size());
  }

  using Owned =
      std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)>;

  static Owned make() {
    nghttp2_session_callbacks* made = nullptr;
    if (nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc();
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_sent);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
    return {made, nghttp2_session_callbacks_del};
  }
};

void GrpcCall::Free::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

// ---- out ---------------------------------------------------------------------------------------

GrpcCall::GrpcCall(const GrpcCheck& check)
    : check_(check), request_(health_check_request(check.service)) {
  static const Callbacks::Owned callbacks = Callbacks::make();
  nghttp2_session* session = nullptr;
  if (nghttp2_session_client_new(&session, callbacks.get(), this) != 0) throw std::bad_alloc();
  session_.reset(session);
  submit();
  collect_output();
}

GrpcCall::~GrpcCall() = default;

void GrpcCall::submit() {
  const std::array<nghttp2_settings_entry, 2> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 8192},
  }};
  const std::array<nghttp2_nv, 7> headers = {
      header(":method", "POST"),
      header(":scheme", check_.tls ? "https" : "http"),
      header(":path", "/grpc.health.v1.Health/Check"),
      header(":authority", check_.authority),
      header("content-type", "application/grpc"),
      header("te", "trailers"),
      header("user-agent", "hlbd"),
  };
  const nghttp2_data_provider body{.source = {.ptr = nullptr},
                                   .read_callback = Callbacks::read_request};
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_submit_request(session_.get(), nullptr, headers.data(), headers.size(), &body, nullptr);
}

void GrpcCall::collect_output() {
  const std::uint8_t* part = nullptr;
  for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_.get(), &part)) > 0;)
    output_ += view_of(part, static_cast<std::size_t>(size));
}

std::string GrpcCall::output() {
  return std::exchange(output_, {});
}

// ---- in ----------------------------------------------------------------------------------------

// Looks for the settings, which any server sends first, whatever it is asked.
bool GrpcCall::may_be_http2() const {
  static constexpr std::size_t kTypeAt = 3;
  if (beginning_.size() <= kTypeAt) return beginning_.empty() || beginning_.front() == '\0';
  return beginning_.front() == '\0' && beginning_[kTypeAt] == NGHTTP2_SETTINGS;
}

std::optional<Outcome> GrpcCall::take(std::string_view received) {
  received_ += received.size();
  beginning_ += received.substr(0, std::max(kShown, kFrameHead) - beginning_.size());
  if (!may_be_http2()) {
    const std::string_view line = std::string_view(beginning_).substr(0, beginning_.find('\r'));
    return Outcome::hard_failure("not HTTP/2: \"" + text::printable(line, kShown) + '"');
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(received.data());
  const ssize_t taken = nghttp2_session_mem_recv(session_.get(), bytes, received.size());
  if (taken < 0) {
    conclude(malformed(nghttp2_strerror(static_cast<int>(taken))));
  } else if (received_ >= kMaxReceived) {
    conclude("no verdict in " + std::to_string(kMaxReceived) + " bytes");
  }
  collect_output();
  return outcome_;
}

void GrpcCall::take_header(std::string_view name, std::string_view value) {
  using Kept = std::pair<std::string_view, std::string*>;
  const std::array<Kept, 4> kept = {{{":status", &http_status_},
                                     {"content-type", &content_type_},
                                     {"grpc-status", &grpc_status_},
                                     {"grpc-message", &grpc_message_}}};
  const auto* found = std::ranges::find(kept, name, &Kept::first);
  if (found != kept.end()) *found->second = value.substr(0, kMaxField);
}

void GrpcCall::take_body(std::string_view part) {
  body_ += part.substr(0, kMaxHealthReply + 1 - body_.size());
}

// ---- the outcome -------------------------------------------------------------------------------

// Judges a reply that has come to its end.
void GrpcCall::conclude() {
  std::string fault = fault_of_response();
  if (!fault.empty()) return conclude(std::move(fault));
  if (grpc_status_ != "0") return conclude(status_in_words());
  if (body_.size() > kMaxHealthReply) {
    return conclude("the reply is over " + std::to_string(kMaxHealthReply) + " bytes");
  }
  const HealthReply status = health_check_reply(body_);
  if (!status) return conclude(std::string(status.error()));
  if (!outcome_) outcome_ = judge(*status);
}

void GrpcCall::conclude(std::string reason) {
  if (!outcome_) outcome_ = Outcome::hard_failure(std::move(reason));
}

// Why the response is no reply of gRPC; empty if it is one.
std::string GrpcCall::fault_of_response() const {
  if (http_status_ != "200") return "HTTP " + text::printable(http_status_, 3);
  if (!content_type_.starts_with("application/grpc")) {
    return "not gRPC: content-type \"" + text::printable(content_type_, kShown) + '"';
  }
  if (grpc_status_.empty()) return "the reply has no grpc-status";
  return "";
}

std::string GrpcCall::status_in_words() const {
  const std::string_view name = name_of_status(grpc_status_);
  if (name == "UNIMPLEMENTED") return "the server has no health service";
  if (name == "NOT_FOUND") {
    return "the server knows no service \"" + text::printable(check_.service, 64) + '"';
  }
  std::string words(name);
  if (name.empty()) words = "grpc-status " + text::printable(grpc_status_, 20);
  if (!grpc_message_.empty()) words += ": ";
  return words + text::printable(grpc_message_, kMaxReason - words.size());
}

Outcome GrpcCall::closed() const {
  if (received_ == 0) return Outcome::hard_failure("connection closed before any response");
  return Outcome::hard_failure("connection closed within the response");
}

std::string_view GrpcCall::silence() const {
  return http_status_.empty() ? "no response in" : "response incomplete after";
}

}  // namespace hlb::probes
