#include "connections/census.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "network/sock_diag.h"
#include "system/deliver.h"

namespace hlb::connections {
namespace {

using network::Peer;

constexpr std::uint16_t kLastPort = std::numeric_limits<std::uint16_t>::max();

// The inode that a link of /proc/self/fd shows of a socket: "socket:[4711]"; 0 of anything else.
std::uint32_t inode_in(std::string_view link) {
  constexpr std::string_view kStart = "socket:[";
  std::uint32_t inode = 0;
  if (!link.starts_with(kStart)) return 0;
  link.remove_prefix(kStart.size());
  std::from_chars(link.data(), link.data() + link.size(), inode);
  return inode;
}

// Adds the inodes of this process's sockets.
void add_own(std::vector<std::uint32_t>& inodes) {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    std::error_code closed_meanwhile;
    const auto link = std::filesystem::read_symlink(entry->path(), closed_meanwhile);
    if (const std::uint32_t inode = inode_in(link.native()); inode != 0) inodes.push_back(inode);
    entry.increment(error);
  }
}

// An established connection.
struct Established {
  Peer peer;
  std::uint16_t local_port;
  std::uint32_t inode;
  std::uint32_t user;
};

struct Found {
  std::vector<Established> connections;
  std::bitset<kLastPort + 1> listened;  // local ports where some program takes connections
};

tl::expected<Found, std::error_code> find_connections() {
  Found found;
  auto table = network::SocketTable::open();
  if (!table) return tl::unexpected(table.error());
  const network::SocketQuery query{.protocol = IPPROTO_TCP,
                                   .states = 1U << TCP_ESTABLISHED | 1U << TCP_LISTEN};
  const auto error = table->list(query, [&found](const network::Socket& socket) {
    const std::uint16_t local_port = ntohs(socket.shown.id.idiag_sport);
    if (socket.shown.idiag_state == TCP_LISTEN) {
      found.listened.set(local_port);
    } else {
      found.connections.push_back(
          {socket.peer, local_port, socket.shown.idiag_inode, socket.shown.idiag_uid});
    }
  });
  if (error) return tl::unexpected(error);
  return found;
}

// The inodes of connections, sorted.
std::vector<std::uint32_t> inodes_of(const std::vector<Established>& connections) {
  std::vector<std::uint32_t> inodes;
  inodes.reserve(connections.size());
  for (const Established& each : connections)
    inodes.push_back(each.inode);
  std::ranges::sort(inodes);
  return inodes;
}

tl::unexpected<std::string> not_listed(const std::error_code& error) {
  return tl::unexpected("can't list sockets: " + error.message());
}

}  // namespace

ConnectionCounts::ConnectionCounts(std::vector<Peer> far_ends) {
  std::ranges::sort(far_ends);
  for (const Peer& peer : far_ends) {
    if (by_peer_.empty() || by_peer_.back().peer != peer) by_peer_.push_back({peer, 0});
    ++by_peer_.back().connections;
  }
}

std::uint32_t ConnectionCounts::to(const ServiceSpec& service, const BackendSpec& backend) const {
  const network::sock_diag::Key address = network::sock_diag::key_of(backend.address);
  const auto ports = ports_used(service, backend);
  if (ports.empty()) return sum({address, 0}, {address, kLastPort});
  std::uint32_t total = 0;
  for (const std::uint16_t port : ports)
    total += sum({address, port}, {address, port});
  return total;
}

std::uint32_t ConnectionCounts::sum(const Peer& first, const Peer& last) const {
  std::uint32_t total = 0;
  auto each = std::ranges::lower_bound(by_peer_, first, {}, &PeerCount::peer);
  for (; each != by_peer_.end() && each->peer <= last; ++each)
    total += each->connections;
  return total;
}

// A connection at a local port that is listened on was made by the other side. What is this
// process's own is read before and after, as it makes connections meanwhile. One that it has made
// and closed between the two is taken for another's of its user at first; a second list lacks it.
Counted count_connections() {
  std::vector<std::uint32_t> own;
  add_own(own);
  auto found = find_connections();
  if (!found) return not_listed(found.error());
  add_own(own);
  std::ranges::sort(own);
  std::vector<Established>& others = found->connections;
  std::erase_if(others, [&](const Established& each) {
    return found->listened.test(each.local_port) || std::ranges::binary_search(own, each.inode);
  });
  const std::uint32_t user = ::geteuid();
  if (std::ranges::find(others, user, &Established::user) != others.end()) {
    const auto again = find_connections();
    if (!again) return not_listed(again.error());
    const std::vector<std::uint32_t> living = inodes_of(again->connections);
    std::erase_if(others, [&](const Established& each) {
      return each.user == user && !std::ranges::binary_search(living, each.inode);
    });
  }
  std::vector<Peer> far_ends;
  far_ends.reserve(others.size());
  for (const Established& each : others)
    far_ends.push_back(each.peer);
  return std::make_shared<const ConnectionCounts>(std::move(far_ends));
}

Census::Census(boost::asio::any_io_executor executor, const Clock& clock, Count count)
    : executor_(std::move(executor)), clock_(clock), count_(std::move(count)) {}

void Census::ask(Reply reply) {
  const bool under_way = !waiting_.empty();
  if (!under_way && began_ && clock_.now() - *began_ < kShared) return reply(latest_);
  waiting_.push_back(std::move(reply));
  if (!under_way) count();
}

const ConnectionCounts* Census::latest() const {
  return latest_ ? latest_->get() : nullptr;
}

void Census::count() {
  began_ = clock_.now();
  if (!worker_) worker_.emplace(1, deliver_to(executor_));
  auto done = scope_.guard([this](Counted counted) { this->counted(std::move(counted)); });
  worker_->post([count = count_, done = std::move(done)] {
    return [done, counted = count()] { done(counted); };
  });
}

void Census::counted(Counted counted) {
  latest_ = std::move(counted);
  const Counted answer = latest_;  // whoever is told may ask again
  for (const Reply& each : std::exchange(waiting_, {}))
    each(answer);
}

}  // namespace hlb::connections
