// Integers are in the byte order of the host, strings have their size before them. Both sides are
// of one package and one host; the first byte tells versions of the package apart.
#include "programs/message.h"

#include <concepts>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace hlb::programs {
namespace {

constexpr std::uint8_t kVersion = 1;

template <typename Number>
concept Plain = std::integral<Number> || std::is_enum_v<Number>;

class Writer {
 public:
  template <Plain Number>
  void put(Number number) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(&number);
    bytes_.insert(bytes_.end(), first, first + sizeof number);
  }

  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }

  void put(const std::vector<std::string>& words) {
    put(static_cast<std::uint32_t>(words.size()));
    for (const std::string& word : words)
      put(word);
  }

  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Reads one value after the other. When one isn't there it is no longer ok(), and gives zeroes from
// then on.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

  template <Plain Number>
  Number number() {
    Number number{};
    const auto bytes = take(sizeof number);
    if (ok_) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }

  std::string text(std::size_t limit) {
    const auto size = number<std::uint32_t>();
    ok_ = ok_ && size <= limit;
    const auto bytes = take(ok_ ? size : 0);
    return {bytes.begin(), bytes.end()};
  }

  // The words, read one by one: their number alone reserves no memory.
  std::vector<std::string> words() {
    std::vector<std::string> words;
    const auto count = number<std::uint32_t>();
    ok_ = ok_ && count <= kMaxWords;
    for (std::uint32_t read = 0; ok_ && read < count; ++read)
      words.push_back(text(kMaxMessage));
    return words;
  }

 private:
  std::span<const std::uint8_t> take(std::size_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  std::span<const std::uint8_t> rest_;
  bool ok_ = true;
};

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

bool write(Writer& writer, const RunRequest& request) {
  const Program& program = request.program;
  writer.put(Kind::request);
  writer.put(request.id);
  writer.put(program.timeout.count());
  writer.put(static_cast<std::uint32_t>(program.output_limit));
  writer.put(program.user);
  writer.put(program.arguments);
  writer.put(program.environment);
  return is_valid(program);
}

bool write(Writer& writer, const Cancel& cancel) {
  writer.put(Kind::cancel);
  writer.put(cancel.id);
  return true;
}

bool write(Writer& writer, const RunReply& reply) {
  writer.put(Kind::reply);
  writer.put(reply.id);
  writer.put(reply.ending.how);
  writer.put(reply.ending.step);
  writer.put(reply.ending.value);
  writer.put(reply.time_up);
  writer.put(reply.output);
  return is_valid(reply.ending) && reply.output.size() <= kMaxOutput;
}

std::optional<Message> read_request(Reader& reader) {
  RunRequest request;
  Program& program = request.program;
  request.id = reader.number<Id>();
  program.timeout = std::chrono::milliseconds(reader.number<std::chrono::milliseconds::rep>());
  program.output_limit = reader.number<std::uint32_t>();
  program.user = reader.text(kMaxUser);
  program.arguments = reader.words();
  program.environment = reader.words();
  if (!reader.at_end() || !is_valid(program)) return std::nullopt;
  return request;
}

std::optional<Message> read_cancel(Reader& reader) {
  const Cancel cancel{reader.number<Id>()};
  if (!reader.at_end()) return std::nullopt;
  return cancel;
}

std::optional<Message> read_reply(Reader& reader) {
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
  Writer writer;
  writer.put(kVersion);
  const bool valid = std::visit([&](const auto& each) { return write(writer, each); }, message);
  Bytes bytes = writer.take();
  if (!valid || bytes.size() > kMaxMessage) return std::nullopt;
  return bytes;
}

std::optional<Message> decode(std::span<const std::uint8_t> bytes) {
  Reader reader(bytes);
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

}  // namespace hlb::programs
