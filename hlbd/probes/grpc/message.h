// The messages of gRPC's health checking protocol (grpc/health/v1/health.proto), as gRPC frames
// them in a body. Fields are taken one by one, as each message has but one: no code is generated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace hlb::probes {

// The statuses of HealthCheckResponse. A server may know others, by number alone.
enum class ServingStatus : std::uint64_t { unknown, serving, not_serving, service_unknown };

// The body that asks for `service`, or for the server as a whole if that is empty.
std::string health_check_request(std::string_view service);

inline constexpr std::size_t kMaxHealthReply = 1024;

// The status, or why there is none: "the reply is compressed".
using HealthReply = tl::expected<ServingStatus, std::string>;

// Reads a whole body.
HealthReply health_check_reply(std::string_view body);

}  // namespace hlb::probes
