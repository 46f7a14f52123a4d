#include "network/connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "network/own_ports.h"
#include "network/sock_reports.h"

namespace hlb::network {
namespace {

namespace asio = boost::asio;
using sock_diag::Key;
using sock_diag::Report;

// Of a socket that was disconnected without ever having had an answer.
constexpr std::uint32_t kNeverAnswered = 3;

// In a tcp_info, where that of glibc ends too early: tcpi_bytes_acked, of 64 bits.
constexpr std::size_t kBytesAcked = 120;

// Where a connection to a backend goes.
struct Goal {
  Key address;
  std::uint16_t port;

  friend auto operator<=>(const Goal&, const Goal&) = default;
};

using Goals = std::vector<Goal>;  // sorted

Goals remote_among(std::span<const Endpoint> backends, const sock_diag::OwnAddresses& own) {
  Goals goals;
  for (const Endpoint& backend : backends) {
    const Key key = sock_diag::key_of(backend.address);
    if (!own.have(key)) goals.push_back({key, backend.port});
  }
  std::ranges::sort(goals);
  const auto again = std::ranges::unique(goals);
  goals.erase(again.begin(), again.end());
  goals.shrink_to_fit();
  return goals;
}

// Its attribute of this type; empty if there is none.
std::span<const char> attribute(std::span<const char> report, std::uint16_t type) {
  std::span<const char> rest = report.subspan(sizeof(Report));
  while (rest.size() >= sizeof(nlattr)) {
    nlattr head{};
    std::memcpy(&head, rest.data(), sizeof head);
    if (head.nla_len < NLA_HDRLEN || head.nla_len > rest.size()) break;
    if (head.nla_type == type) return rest.first(head.nla_len).subspan(NLA_HDRLEN);
    rest = rest.subspan(std::min<std::size_t>(NLA_ALIGN(head.nla_len), rest.size()));
  }
  return {};
}

template <typename Value>
Value value_at(std::size_t offset, std::span<const char> bytes) {
  Value value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// With its port known, all that TCP knew is there.
bool came_to_nothing(std::span<const char> report) {
  const std::span<const char> info = attribute(report, INET_DIAG_INFO);
  if (info.size() < kBytesAcked + sizeof(std::uint64_t)) return false;
  const bool silent = value_at<std::uint8_t>(offsetof(tcp_info, tcpi_retransmits), info) != 0 ||
                      value_at<std::uint8_t>(offsetof(tcp_info, tcpi_probes), info) != 0;
  return silent || (value_at<std::uint32_t>(offsetof(tcp_info, tcpi_rtt), info) == 0 &&
                    value_at<std::uint64_t>(kBytesAcked, info) == 0);
}

// Passes what failed_connection() takes. The kernel looks for the attribute itself, as what comes
// before it differs between machines; words are compared with zero, or as the kernel has them.
std::array<sock_filter, 22> filter_of_failures() {
  using namespace sock_diag;
  constexpr std::uint16_t kLoadByteOf = BPF_LD | BPF_B | BPF_IND;
  constexpr std::uint16_t kLoadWordOf = BPF_LD | BPF_W | BPF_IND;
  constexpr auto kFind = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR);
  constexpr std::uint32_t kRetransmits = NLA_HDRLEN + offsetof(tcp_info, tcpi_retransmits);
  constexpr std::uint32_t kProbes = NLA_HDRLEN + offsetof(tcp_info, tcpi_probes);
  constexpr std::uint32_t kRtt = NLA_HDRLEN + offsetof(tcp_info, tcpi_rtt);
  constexpr std::uint32_t kAcked = NLA_HDRLEN + kBytesAcked;
  return {{
      {kLoadHalf, 0, 0, kPeerPort},
      {kIfEqual, 16, 0, 0},  // to the write queue
      {BPF_LD | BPF_IMM, 0, 0, INET_DIAG_INFO},
      {BPF_MISC | BPF_TAX, 0, 0, 0},
      {BPF_LD | BPF_IMM, 0, 0, sizeof(Report)},
      {kLoadWord, 0, 0, kFind},
      {kIfEqual, 14, 0, 0},  // none
      {BPF_MISC | BPF_TAX, 0, 0, 0},
      {kLoadByteOf, 0, 0, kRetransmits},
      {kIfEqual, 0, 10, 0},
      {kLoadByteOf, 0, 0, kProbes},
      {kIfEqual, 0, 8, 0},
      {kLoadWordOf, 0, 0, kRtt},
      {kIfEqual, 0, 7, 0},
      {kLoadWordOf, 0, 0, kAcked},
      {kIfEqual, 0, 5, 0},
      {kLoadWordOf, 0, 0, kAcked + 4},
      {kIfEqual, 2, 3, 0},
      {kLoadWord, 0, 0, kWriteQueue},
      {kIfEqual, 0, 1, htonl(kNeverAnswered)},  // as it is loaded in network order
      {kReturn, 0, 0, UINT32_MAX},
      {kReturn, 0, 0, 0},
  }};
}

}  // namespace

std::optional<FailedConnection> failed_connection(std::span<const char> report) {
  const Report start = sock_diag::start_of(report);
  const inet_diag_msg& socket = start.socket;
  if (!sock_diag::is_report(start, report.size())) return std::nullopt;
  const FailedConnection found{
      .peer = sock_diag::key_from(socket.idiag_family, socket.id.idiag_dst),
      .port = ntohs(socket.id.idiag_dport),
      .own_port = ntohs(socket.id.idiag_sport)};
  const bool failed =
      found.port == 0 ? socket.idiag_wqueue == kNeverAnswered : came_to_nothing(report);
  return failed ? std::optional(found) : std::nullopt;
}

struct ConnectionWatch::Subscription : sock_diag::Reports {
  Subscription(const asio::any_io_executor& executor, OnFailed tell)
      : Reports(executor),
        own_ports(asio::use_service<OwnPorts>(asio::query(executor, asio::execution::context))),
        on_failed(std::move(tell)) {}

  // Those that the kernel dropped are no loss: whoever fails goes on to.
  void take(std::span<const char> report) override {
    if (const auto failed = failed_connection(report)) add_concerned(*failed);
  }

  void end_turn(bool /*all*/) override {
    const std::vector<Endpoint> told = each_once(std::exchange(concerned, {}));
    if (!told.empty()) on_failed(told);
  }

  // A check at the port; else, as clients may use other ports than checks do, all of the address.
  void add_concerned(const FailedConnection& failed) {
    const auto [first, last] = std::ranges::equal_range(watched, failed.peer, {}, &Goal::address);
    if (first == last || own_ports.take(failed.own_port)) return;
    const Address address = sock_diag::address_of(failed.peer);
    const bool has_port = failed.port != 0;  // else the kernel has forgotten it
    if (has_port && std::binary_search(first, last, Goal{failed.peer, failed.port})) {
      concerned.push_back({address, failed.port});
    } else if (last - first <= std::ptrdiff_t{kMostPorts}) {
      for (auto goal = first; goal != last; ++goal)
        concerned.push_back({address, goal->port});
    }
  }

  OwnPorts& own_ports;
  OnFailed on_failed;
  Goals watched;
  std::vector<Endpoint> concerned;  // by this turn's reports
};

ConnectionWatch::ConnectionWatch(asio::any_io_executor executor, OnFailed on_failed)
    : executor_(std::move(executor)), on_failed_(std::move(on_failed)) {}

ConnectionWatch::~ConnectionWatch() = default;

std::error_code ConnectionWatch::watch(std::span<const Endpoint> backends,
                                       const sock_diag::OwnAddresses& own) {
  auto filter = filter_of_failures();
  return sock_diag::watch(subscription_, remote_among(backends, own), filter,
                          [this] { return std::make_unique<Subscription>(executor_, on_failed_); });
}

}  // namespace hlb::network
