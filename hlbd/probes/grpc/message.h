// The messages of gRPC's health checking protocol (grpc/health/v1/health.proto), as gRPC frames
// them in a body. Written and read here byte by byte, since each has one field: protobuf's library
// and generated code would be many times as much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::probes {

// Of HealthCheckResponse. A server may know others, by number alone.
enum class ServingStatus : std::uint64_t { unknown, serving, not_serving, service_unknown };

// The body that asks for `service`; empty: for the server as a whole.
std::string health_check_request(std::string_view service);

inline constexpr std::size_t kMaxHealthReply = 1024;

// What a whole body says.
struct HealthReply {
  std::optional<ServingStatus> status;
  std::string_view fault;  // why there is none: "the reply is compressed"; never freed
};

HealthReply health_check_reply(std::string_view body);

}  // namespace hlb::probes
