#include "ctl/import/dns_question.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "system/file_descriptor.h"
#include "system/socket_address.h"

namespace hlb::ctl {

namespace {

constexpr std::uint16_t kInternet = 1;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kMostReply = 65535;

void put(Octets& message, std::uint16_t number) {
  message.push_back(static_cast<std::uint8_t>(number >> 8U));
  message.push_back(static_cast<std::uint8_t>(number));
}

// Reads a reply from its start on. What lies beyond its end reads as zero, and is told by failed().
class Reply {
 public:
  explicit Reply(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint8_t octet() {
    failed_ = failed_ || at_ == bytes_.size();
    return failed_ ? std::uint8_t{0} : bytes_[at_++];
  }
  std::uint16_t number() {
    const unsigned high = octet();
    return static_cast<std::uint16_t>(high << 8U | octet());
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    failed_ = failed_ || size > bytes_.size() - at_;
    if (failed_) return {};
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  void skip_name() {
    constexpr std::uint8_t kPointer = 0xc0;
    while (!failed_) {
      const std::uint8_t length = octet();
      if (length == 0) return;
      if ((length & kPointer) == kPointer) return static_cast<void>(octet());
      take(length);
    }
  }
  bool failed() const { return failed_; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

FileDescriptor connected(const Endpoint& server, int type, std::chrono::milliseconds timeout) {
  FileDescriptor socket(::socket(domain_of(server.address.family), type | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = timeout.count() / 1000,
                      .tv_usec = static_cast<suseconds_t>(timeout.count() % 1000 * 1000)};
  for (const int direction : {SO_RCVTIMEO, SO_SNDTIMEO})
    setsockopt(socket.get(), SOL_SOCKET, direction, &limit, sizeof limit);
  const SocketAddress address(server);
  if (connect(socket.get(), address.get(), address.size()) != 0) return FileDescriptor(-1);
  return socket;
}

bool send_all(const FileDescriptor& socket, const Octets& message) {
  return send(socket.get(), message.data(), message.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(message.size());
}

// Passes over replies to earlier questions.
std::optional<AddressReply> ask_by_udp(const Endpoint& server, const Octets& question,
                                       std::uint16_t id, std::chrono::milliseconds timeout) {
  const FileDescriptor socket = connected(server, SOCK_DGRAM, timeout);
  if (!socket.valid() || !send_all(socket, question)) return std::nullopt;
  Octets reply(kMostReply);
  while (true) {
    const ssize_t size = recv(socket.get(), reply.data(), reply.size(), 0);
    if (size < 0) return std::nullopt;
    if (auto answer = parse_answer(std::span(reply).first(static_cast<std::size_t>(size)), id)) {
      return answer;
    }
  }
}

std::optional<AddressReply> ask_by_tcp(const Endpoint& server, const Octets& question,
                                       std::uint16_t id, std::chrono::milliseconds timeout) {
  const FileDescriptor socket = connected(server, SOCK_STREAM, timeout);
  Octets message;
  put(message, static_cast<std::uint16_t>(question.size()));
  std::ranges::copy(question, std::back_inserter(message));
  if (!socket.valid() || !send_all(socket, message)) return std::nullopt;
  std::array<std::uint8_t, 2> length{};
  if (recv(socket.get(), length.data(), length.size(), MSG_WAITALL) != 2) return std::nullopt;
  Octets reply(std::size_t{length[0]} << 8U | length[1]);
  if (recv(socket.get(), reply.data(), reply.size(), MSG_WAITALL) !=
      static_cast<ssize_t>(reply.size())) {
    return std::nullopt;
  }
  return parse_answer(reply, id);
}

}  // namespace

Octets make_question(std::string_view name, Address::Family family, std::uint16_t id) {
  constexpr std::uint16_t kRecursionDesired = 0x0100;
  Octets message;
  for (const std::uint16_t word : {id, kRecursionDesired, std::uint16_t{1}, std::uint16_t{0},
                                   std::uint16_t{0}, std::uint16_t{0}})
    put(message, word);
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    message.push_back(static_cast<std::uint8_t>(label.size()));
    std::ranges::copy(label, std::back_inserter(message));
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  message.push_back(0);
  put(message, family == Address::Family::ipv4 ? kTypeA : kTypeAaaa);
  put(message, kInternet);
  return message;
}

std::optional<AddressReply> parse_answer(std::span<const std::uint8_t> bytes, std::uint16_t id) {
  constexpr std::uint16_t kIsReply = 0x8000;
  constexpr std::uint16_t kIsCut = 0x0200;
  if (bytes.size() < kHeaderSize) return std::nullopt;
  Reply reply(bytes);
  if (reply.number() != id) return std::nullopt;
  const std::uint16_t flags = reply.number();
  if ((flags & kIsReply) == 0) return std::nullopt;
  const std::uint16_t questions = reply.number();
  const std::uint16_t answers = reply.number();
  reply.take(4);
  for (unsigned i = 0; i < questions && !reply.failed(); ++i) {
    reply.skip_name();
    reply.take(4);
  }
  AddressReply answer{.addresses = {}, .is_cut = (flags & kIsCut) != 0};
  for (unsigned i = 0; i < answers && !reply.failed(); ++i) {
    reply.skip_name();
    const std::uint16_t type = reply.number();
    reply.take(6);  // class and time to live
    const auto data = reply.take(reply.number());
    if (type != kTypeA && type != kTypeAaaa) continue;
    if (const auto address = Address::of_bytes(data)) answer.addresses.insert(*address);
  }
  return answer;
}

std::optional<std::set<Address>> ask_dns(const Endpoint& server, std::string_view name,
                                         Address::Family family,
                                         std::chrono::milliseconds timeout) {
  static std::uint16_t last_id = 0;
  const std::uint16_t id = ++last_id;
  const Octets question = make_question(name, family, id);
  auto answer = ask_by_udp(server, question, id, timeout);
  if (answer && answer->is_cut) answer = ask_by_tcp(server, question, id, timeout);
  if (!answer) return std::nullopt;
  return std::move(answer->addresses);
}

}  // namespace hlb::ctl
