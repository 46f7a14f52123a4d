#include "ctl/import/dns_question.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "system/file_descriptor.h"
#include "system/socket_address.h"

namespace hlb::ctl {

namespace {

constexpr std::size_t kMostReply = 65535;

void put(Octets& message, std::uint16_t number) {
  message.push_back(static_cast<std::uint8_t>(number >> 8U));
  message.push_back(static_cast<std::uint8_t>(number));
}

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
  put(message, static_cast<std::uint16_t>(family == Address::Family::ipv4 ? ns_t_a : ns_t_aaaa));
  put(message, ns_c_in);
  return message;
}

// What was cut may end anywhere, and is asked for again: so only its header counts.
std::optional<AddressReply> parse_answer(std::span<const std::uint8_t> bytes, std::uint16_t id) {
  if (bytes.size() < NS_HFIXEDSZ) return std::nullopt;
  HEADER header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  if (ntohs(static_cast<std::uint16_t>(header.id)) != id || header.qr == 0) return std::nullopt;
  AddressReply answer{.addresses = {}, .is_cut = header.tc != 0};
  ns_msg message{};
  if (ns_initparse(bytes.data(), static_cast<int>(bytes.size()), &message) != 0) return answer;
  ns_rr record{};
  for (int i = 0; ns_parserr(&message, ns_s_an, i, &record) == 0; ++i) {
    if (record.type != ns_t_a && record.type != ns_t_aaaa) continue;
    if (const auto address = Address::of_bytes({record.rdata, record.rdlength}))
      answer.addresses.insert(*address);
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
