// A call of grpc.health.v1.Health/Check over HTTP/2, as bytes in and out. No socket, no clock.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "health/check_spec.h"
#include "health/outcome.h"
#include "rpc/http2.h"
#include "rpc/reply.h"

namespace hlb::probes {

// Takes in 64 KiB from a server, which limits what that can make it hold or do.
class GrpcCall {
 public:
  static constexpr std::size_t kMaxReceived = 65536;

  // `check` must outlive it.
  explicit GrpcCall(const GrpcCheck& check);
  ~GrpcCall();
  GrpcCall(const GrpcCall&) = delete;
  GrpcCall& operator=(const GrpcCall&) = delete;

  // The bytes to send now: the request at first, answers to the server's settings and pings after
  // each take(). May be empty.
  std::string output();

  // Takes in what was received. Returns the outcome as soon as there is one: SERVING passes,
  // anything else is a hard failure. Not to be called after an outcome.
  std::optional<Outcome> take(std::string_view received);

  // The outcome when the server closed the connection before there was one.
  Outcome closed() const;

  // The words for a timeout now: "no response in".
  std::string_view silence() const;

 private:
  struct Callbacks;  // by nghttp2

  void submit();
  void collect_output();
  void take_body(std::string_view part);
  void conclude();
  void conclude(std::string reason);
  std::string fault_of_response() const;
  std::string status_in_words() const;

  const GrpcCheck& check_;
  rpc::Http2Session session_;
  std::string request_;   // the body
  std::size_t sent_ = 0;  // of the body
  std::string output_;
  std::size_t received_ = 0;
  rpc::Http2Opening opening_;
  rpc::ReplyHead head_;
  std::string body_;
  std::optional<Outcome> outcome_;
};

}  // namespace hlb::probes
