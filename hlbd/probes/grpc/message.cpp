#include "probes/grpc/message.h"

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace hlb::probes {
namespace {

using tl::make_unexpected;

// The numbers of the fields.
constexpr protozero::pbf_tag_type kService = 1;
constexpr protozero::pbf_tag_type kStatus = 1;

// The bytes before each message: whether it is compressed, and its length in four of them.
constexpr std::size_t kMessageHead = 5;

std::string framed(const std::string& message) {
  std::string frame(1, '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    frame += static_cast<char>(message.size() >> shift & 0xffU);
  return frame + message;
}

std::uint64_t length_in(std::string_view head) {
  std::uint64_t length = 0;
  for (const char byte : head.substr(1))
    length = length << 8U | static_cast<unsigned char>(byte);
  return length;
}

// An absent field is zero, and of a field that stands twice the last counts.
HealthReply read_message(std::string_view message) try {
  using protozero::pbf_wire_type;
  protozero::pbf_reader fields(message.data(), message.size());
  std::uint64_t status = 0;
  while (fields.next()) {
    if (fields.tag() == kStatus && fields.wire_type() == pbf_wire_type::varint) {
      status = fields.get_uint64();
      continue;
    }
    const std::size_t left = fields.length();
    fields.skip();
    // A length of 2^31 or more leads protozero backwards where pointers have 32 bits.
    if (fields.length() >= left) throw protozero::end_of_buffer_exception();
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
  return framed(message);
}

HealthReply health_check_reply(std::string_view body) {
  if (body.empty()) return make_unexpected("the reply is empty");
  if (body.size() < kMessageHead) return make_unexpected("the reply is broken off");
  if (body[0] == 1) return make_unexpected("the reply is compressed");
  if (body[0] != 0) return make_unexpected("the reply is not framed as gRPC's");
  const std::uint64_t length = length_in(body.substr(0, kMessageHead));
  const std::string_view message = body.substr(kMessageHead);
  if (message.size() < length) return make_unexpected("the reply is broken off");
  if (message.size() > length) return make_unexpected("more than one reply");
  return read_message(message);
}

}  // namespace hlb::probes
