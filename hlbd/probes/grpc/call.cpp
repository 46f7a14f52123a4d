#include "probes/grpc/call.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>
#include <utility>

#include "probes/grpc/message.h"
#include "probes/reason.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

static_assert(rpc::kMaxFault <= kMaxReason);

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
    call(user).head_.take(rpc::view_of(name, name_size), rpc::view_of(value, value_size));
    return 0;
  }

  static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t /*stream*/,
                     const std::uint8_t* part, std::size_t size, void* user) {
    call(user).take_body(rpc::view_of(part, size));
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
    call.conclude(rpc::in_words(goaway));
  }

  // Ends the call by the words that nghttp2 has for a server that breaks the rules.
  static int on_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) call(user).conclude(rpc::malformed(frame->goaway));
    return 0;
  }

  static int on_invalid_frame(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/,
                              int error, void* user) {
    call(user).conclude(rpc::malformed(nghttp2_strerror(error)));
    return 0;
  }

  static int on_close(nghttp2_session* /*session*/, std::int32_t /*stream*/, std::uint32_t error,
                      void* user) {
    call(user).conclude(rpc::stream_reset(error));
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

  static rpc::Http2Callbacks make() {
    rpc::Http2Callbacks callbacks = rpc::new_callbacks();
    nghttp2_session_callbacks* made = callbacks.get();
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_sent);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
    return callbacks;
  }
};

// ---- out ---------------------------------------------------------------------------------------

GrpcCall::GrpcCall(const GrpcCheck& check)
    : check_(check), request_(health_check_request(check.service)) {
  static const rpc::Http2Callbacks callbacks = Callbacks::make();
  session_ = rpc::new_client(*callbacks, this);
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
      rpc::header(":method", "POST"),
      rpc::header(":scheme", check_.tls ? "https" : "http"),
      rpc::header(":path", "/grpc.health.v1.Health/Check"),
      rpc::header(":authority", check_.authority),
      rpc::header("content-type", "application/grpc"),
      rpc::header("te", "trailers"),
      rpc::header("user-agent", "hlbd"),
  };
  const nghttp2_data_provider body{.source = {.ptr = nullptr},
                                   .read_callback = Callbacks::read_request};
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_submit_request(session_.get(), nullptr, headers.data(), headers.size(), &body, nullptr);
}

void GrpcCall::collect_output() {
  const std::uint8_t* part = nullptr;
  for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_.get(), &part)) > 0;)
    output_ += rpc::view_of(part, static_cast<std::size_t>(size));
}

std::string GrpcCall::output() {
  return std::exchange(output_, {});
}

// ---- in ----------------------------------------------------------------------------------------

std::optional<Outcome> GrpcCall::take(std::string_view received) {
  received_ += received.size();
  opening_.take(received);
  if (std::string fault = opening_.fault(); !fault.empty()) {
    return Outcome::hard_failure(std::move(fault));
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(received.data());
  const ssize_t taken = nghttp2_session_mem_recv(session_.get(), bytes, received.size());
  if (taken < 0) {
    conclude(rpc::malformed(nghttp2_strerror(static_cast<int>(taken))));
  } else if (received_ >= kMaxReceived) {
    conclude("no verdict in " + std::to_string(kMaxReceived) + " bytes");
  }
  collect_output();
  return outcome_;
}

void GrpcCall::take_body(std::string_view part) {
  body_ += part.substr(0, kMaxHealthReply + 1 - body_.size());
}

// ---- the outcome -------------------------------------------------------------------------------

// Judges a reply that has come to its end.
void GrpcCall::conclude() {
  std::string fault = fault_of_response();
  if (!fault.empty()) return conclude(std::move(fault));
  if (head_.status() != rpc::Status::ok) return conclude(status_in_words());
  if (body_.size() > kMaxHealthReply) {
    return conclude("the reply is over " + std::to_string(kMaxHealthReply) + " bytes");
  }
  const HealthReply status = health_check_reply(body_);
  if (!status) return conclude(status.error());
  if (!outcome_) outcome_ = judge(*status);
}

void GrpcCall::conclude(std::string reason) {
  if (!outcome_) outcome_ = Outcome::hard_failure(std::move(reason));
}

// Why the response is no reply of gRPC; empty if it is one.
std::string GrpcCall::fault_of_response() const {
  std::string fault = head_.fault();
  if (fault.empty() && !head_.has_status()) fault = "the reply has no grpc-status";
  return fault;
}

std::string GrpcCall::status_in_words() const {
  const auto status = head_.status();
  if (status == rpc::Status::unimplemented) return "the server has no health service";
  if (status == rpc::Status::not_found) {
    return "the server knows no service \"" + text::printable(check_.service, 64) + '"';
  }
  return head_.in_words(kMaxReason);
}

Outcome GrpcCall::closed() const {
  if (received_ == 0) return Outcome::hard_failure("connection closed before any response");
  return Outcome::hard_failure("connection closed within the response");
}

std::string_view GrpcCall::silence() const {
  return head_.begun() ? "response incomplete after" : "no response in";
}

}  // namespace hlb::probes
