#include "probes/grpc/message.h"

#include <protozero/exception.hpp>
#include <protozero/pbf_writer.hpp>

#include "rpc/fields.h"
#include "rpc/framing.h"

namespace hlb::probes {
namespace {

using tl::make_unexpected;

// The numbers of the fields.
constexpr protozero::pbf_tag_type kService = 1;
constexpr protozero::pbf_tag_type kStatus = 1;

// An absent field is zero, and of a field that stands twice the last counts.
HealthReply read_message(std::string_view message) try {
  rpc::MessageFields fields(message);
  std::uint64_t status = 0;
  while (fields.next()) {
    if (fields.is_number(kStatus)) status = fields.number();
  }
  return static_cast<ServingStatus>(status);
} catch (const protozero::exception&) {
  return make_unexpected("the reply is no HealthCheckResponse");
}

}  // namespace

std::string health_check_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    protozero::pbf_writer(message).add_string(kService, service.data(), service.size());
  }
  return rpc::framed(message);
}

HealthReply health_check_reply(std::string_view body) {
  if (body.empty()) return make_unexpected("the reply is empty");
  if (body.size() < rpc::kMessageHead) return make_unexpected("the reply is broken off");
  const std::string_view head = body.substr(0, rpc::kMessageHead);
  if (const std::string_view fault = rpc::fault_of(head); !fault.empty()) {
    return make_unexpected("the reply " + std::string(fault));
  }
  const std::uint64_t length = rpc::length_in(head);
  const std::string_view message = body.substr(rpc::kMessageHead);
  if (message.size() < length) return make_unexpected("the reply is broken off");
  if (message.size() > length) return make_unexpected("more than one reply");
  return read_message(message);
}

}  // namespace hlb::probes
