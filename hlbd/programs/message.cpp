// The first byte of a message tells versions of the package apart.
#include "programs/message.h"

#include <utility>

#include "helpers/fields.h"

namespace hlb::programs {
namespace {

constexpr std::uint8_t kVersion = 1;

using helpers::FieldReader;
using helpers::FieldWriter;

void put(FieldWriter& writer, const std::vector<std::string>& words) {
  writer.put(static_cast<std::uint32_t>(words.size()));
  for (const std::string& word : words)
    writer.put(word);
}

// The words, read one by one: their number alone reserves no memory.
std::vector<std::string> words_from(FieldReader& reader) {
  std::vector<std::string> words;
  const std::size_t count = reader.count(kMaxWords);
  for (std::size_t read = 0; reader.ok() && read < count; ++read)
    words.push_back(reader.text(kMaxMessage));
  return words;
}

enum class Kind : std::uint8_t { request = 1, cancel, reply };

bool has_zero(const std::string& word) {
  return word.find('\0') != std::string::npos;
}

bool are_words(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (has_zero(word)) return false;
  }
  return true;
}

bool is_valid(const Program& program) {
  return !program.arguments.empty() && program.arguments.front().starts_with('/') &&
         program.arguments.size() + program.environment.size() <= kMaxWords &&
         are_words(program.arguments) && are_words(program.environment) &&
         !has_zero(program.user) && program.user.size() <= kMaxUser &&
         program.timeout.count() > 0 && program.timeout <= kMaxTimeout &&
         program.output_limit <= kMaxOutput;
}

bool is_valid(const Ending& ending) {
  return ending.how <= Ending::How::not_started && ending.step <= Ending::Step::program &&
         ending.value >= 0;
}

bool write(FieldWriter& writer, const RunRequest& request) {
  const Program& program = request.program;
  writer.put(Kind::request);
  writer.put(request.id);
  writer.put(program.timeout.count());
  writer.put(static_cast<std::uint32_t>(program.output_limit));
  writer.put(program.user);
  put(writer, program.arguments);
  put(writer, program.environment);
  return is_valid(program);
}

bool write(FieldWriter& writer, const Cancel& cancel) {
  writer.put(Kind::cancel);
  writer.put(cancel.id);
  return true;
}

bool write(FieldWriter& writer, const RunReply& reply) {
  writer.put(Kind::reply);
  writer.put(reply.id);
  writer.put(reply.ending.how);
  writer.put(reply.ending.step);
  writer.put(reply.ending.value);
  writer.put(reply.time_up);
  writer.put(reply.output);
  return is_valid(reply.ending) && reply.output.size() <= kMaxOutput;
}

std::optional<Message> read_request(FieldReader& reader) {
  RunRequest request;
  Program& program = request.program;
  request.id = reader.number<Id>();
  program.timeout = std::chrono::milliseconds(reader.number<std::chrono::milliseconds::rep>());
  program.output_limit = reader.number<std::uint32_t>();
  program.user = reader.text(kMaxUser);
  program.arguments = words_from(reader);
  program.environment = words_from(reader);
  if (!reader.at_end() || !is_valid(program)) return std::nullopt;
  return request;
}

std::optional<Message> read_cancel(FieldReader& reader) {
  const Cancel cancel{reader.number<Id>()};
  if (!reader.at_end()) return std::nullopt;
  return cancel;
}

std::optional<Message> read_reply(FieldReader& reader) {
  RunReply reply;
  reply.id = reader.number<Id>();
  reply.ending.how = reader.number<Ending::How>();
  reply.ending.step = reader.number<Ending::Step>();
  reply.ending.value = reader.number<int>();
  reply.time_up = reader.number<std::int64_t>();
  reply.output = reader.text(kMaxOutput);
  if (!reader.at_end() || !is_valid(reply.ending)) return std::nullopt;
  return reply;
}

}  // namespace

std::optional<Bytes> encode(const Message& message) {
  FieldWriter writer;
  writer.put(kVersion);
  const bool valid = std::visit([&](const auto& each) { return write(writer, each); }, message);
  Bytes bytes = writer.take();
  if (!valid || bytes.size() > kMaxMessage) return std::nullopt;
  return bytes;
}

std::optional<Message> decode(std::span<const std::uint8_t> bytes) {
  FieldReader reader(bytes);
  if (bytes.size() > kMaxMessage || reader.number<std::uint8_t>() != kVersion) return std::nullopt;
  switch (reader.number<Kind>()) {
    case Kind::request:
      return read_request(reader);
    case Kind::cancel:
      return read_cancel(reader);
    case Kind::reply:
      return read_reply(reader);
  }
  return std::nullopt;
}

tl::expected<Message, helpers::NoPacket> receive(int socket) {
  helpers::PacketSpace space;  // NOLINT(*-member-init): as many are set as arrive
  const auto packet = helpers::receive(socket, space);
  if (!packet) return tl::unexpected(packet.error());
  auto message = decode(*packet);
  if (!message) return tl::unexpected(helpers::NoPacket::ever);
  return std::move(*message);
}

}  // namespace hlb::programs
