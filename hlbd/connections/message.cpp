// The first byte of a message tells versions of the package apart.
#include "connections/message.h"

#include "helpers/fields.h"

namespace hlb::connections {
namespace {

using helpers::FieldReader;
using helpers::FieldWriter;

constexpr std::uint8_t kVersion = 1;

enum class Kind : std::uint8_t { request = 1, reply };

bool begins(FieldReader& reader, Kind kind) {
  return reader.number<std::uint8_t>() == kVersion && reader.number<Kind>() == kind;
}

void begin(FieldWriter& writer, Kind kind, Id id) {
  writer.put(kVersion);
  writer.put(kind);
  writer.put(id);
}

bool is_valid(const Doomed& doomed) {
  return doomed.peer.port != 0 && doomed.silent_since >= 0 && doomed.idle_ms >= 0;
}

}  // namespace

helpers::Bytes encode(const EndRequest& request) {
  FieldWriter writer;
  begin(writer, Kind::request, request.id);
  writer.put(static_cast<std::uint32_t>(request.doomed.size()));
  for (const Doomed& each : request.doomed) {
    writer.put(std::span<const std::uint8_t>(each.peer.address));
    writer.put(each.peer.port);
    writer.put(each.silent_since);
    writer.put(each.idle_ms);
  }
  return writer.take();
}

helpers::Bytes encode(const EndReply& reply) {
  FieldWriter writer;
  begin(writer, Kind::reply, reply.id);
  writer.put(reply.error);
  writer.put(static_cast<std::uint32_t>(reply.ended.size()));
  for (const std::uint32_t each : reply.ended)
    writer.put(each);
  return writer.take();
}

std::optional<EndRequest> decode_request(std::span<const std::uint8_t> bytes) {
  FieldReader reader(bytes);
  EndRequest request;
  if (!begins(reader, Kind::request)) return std::nullopt;
  request.id = reader.number<Id>();
  const std::size_t count = reader.count(kMostDoomed);
  for (std::size_t read = 0; reader.ok() && read < count; ++read) {
    Doomed doomed;
    reader.copy_to(doomed.peer.address);
    doomed.peer.port = reader.number<std::uint16_t>();
    doomed.silent_since = reader.number<std::int64_t>();
    doomed.idle_ms = reader.number<std::int64_t>();
    if (!is_valid(doomed)) return std::nullopt;
    request.doomed.push_back(doomed);
  }
  if (!reader.at_end()) return std::nullopt;
  return request;
}

std::optional<EndReply> decode_reply(std::span<const std::uint8_t> bytes) {
  FieldReader reader(bytes);
  EndReply reply;
  if (!begins(reader, Kind::reply)) return std::nullopt;
  reply.id = reader.number<Id>();
  reply.error = reader.number<int>();
  const std::size_t count = reader.count(kMostDoomed);
  for (std::size_t read = 0; reader.ok() && read < count; ++read)
    reply.ended.push_back(reader.number<std::uint32_t>());
  if (!reader.at_end() || reply.error < 0) return std::nullopt;
  return reply;
}

}  // namespace hlb::connections
