// Checks our sort scores against the order that real glibc gives: in private network namespaces of
// several kinds it writes thousands of random address sets into a private /etc/hosts, looks each up
// with getaddrinfo, and expects the order of descending score, equal scores in the file's order.
//
// sort_order [sets per kind and family, 1500 by default]      as root; exits 1 on any mismatch
#include <arpa/inet.h>
#include <netdb.h>
#include <nss.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "publish/sort_score.h"

namespace {

using hlb::Address;
using Commands = std::vector<const char*>;

// A kind of host: the commands that make it, from a fresh network namespace with lo down.
struct Host {
  const char* name;
  Commands commands;
};

const Commands kDualStack = {
    "ip link set lo up",
    "ip link add b0 type bridge",
    "ip link add v0 type veth peer name v1",
    "ip link set v1 master b0",
    "ip link add w0 type veth peer name w1",
    "ip addr add 10.99.0.77/24 dev v0",
    "ip addr add 172.20.5.9/16 dev w0",
    "ip addr add 192.168.7.20/26 dev b0",
    "ip addr add 169.254.9.9/16 dev w1",
    "ip addr add fd99::77/64 dev v0 nodad",
    "ip addr add 2001:db8::5/64 dev w0 nodad",
    "ip addr add fe80::1234/64 dev w0 nodad",
    "ip link set v0 up",
    "ip link set v1 up",
    "ip link set w0 up",
    "ip link set w1 up",
    "ip link set b0 up",
    "ip route add default via 10.99.0.1",
    "ip route add default via fd99::1",
};

Commands with(Commands commands, const Commands& more) {
  commands.insert(commands.end(), more.begin(), more.end());
  return commands;
}

const Host kKinds[] = {
    {"dual stack", kDualStack},
    {"no default route", with(kDualStack, {"ip route del default", "ip -6 route del default"})},
    {"deprecated addresses",
     with(kDualStack, {"ip addr change 172.20.5.9/16 dev w0 preferred_lft 0 valid_lft 9999",
                       "ip addr change 2001:db8::5/64 dev w0 preferred_lft 0 valid_lft 9999"})},
    {"point to point",
     with(kDualStack, {"ip addr add 10.50.0.1 peer 10.50.0.2/24 dev w1",
                       "ip addr add 10.51.0.0/31 dev w1", "ip addr add 10.52.0.1/32 dev v0"})},
    {"more of 127.0.0.0/8",
     with(kDualStack, {"ip addr add 127.5.0.1/16 dev lo", "ip addr add 127.0.0.9/30 dev lo"})},
    {"one address twice",
     with(kDualStack, {"ip addr add fe80::1/64 dev v0 nodad", "ip addr add fe80::1/64 dev b0 nodad",
                       "ip addr add 10.99.0.77/16 dev b0", "ip addr add 10.99.0.77/25 dev w1"})},
    {"no IPv6",
     with({"sysctl -qw net.ipv6.conf.all.disable_ipv6=1"},
          {"ip link set lo up", "ip link add v0 type veth peer name v1",
           "ip addr add 10.99.0.77/24 dev v0", "ip addr add 172.20.5.9/16 dev v1",
           "ip link set v0 up", "ip link set v1 up", "ip route add default via 10.99.0.1"})},
    {"loopback alone", {"ip link set lo up"}},
    {"everything down", {}},
};

// Destinations are drawn from these: so many leading bytes are kept, few values behind them.
struct Range {
  const char* start;
  std::size_t kept;
};
constexpr Range kIpv4[] = {
    {"127.0.0.0", 3},   {"127.5.0.0", 3},   {"10.99.0.0", 3}, {"10.99.0.64", 3}, {"10.98.0.0", 2},
    {"10.50.0.0", 3},   {"10.51.0.0", 3},   {"10.52.0.0", 3}, {"172.20.5.0", 3}, {"172.20.0.0", 2},
    {"192.168.7.0", 3}, {"169.254.9.0", 3}, {"8.8.0.0", 2},   {"224.0.0.0", 3},  {"240.0.0.0", 3}};
// Alone in IPv6 sets: to glibc they have the precedence of IPv4, yet it doesn't compare their
// prefix with those of IPv4 addresses, so that a set of both has no order (a before b before c
// before a).
constexpr Range kMapped[] = {{"::ffff:10.99.0.0", 15}, {"::ffff:127.0.0.0", 15}};
constexpr Range kIpv6[] = {
    {"::", 15},         {"fd99::", 15},    {"fd99::", 8},  {"fd00::", 15},
    {"2001:db8::", 15}, {"2001:db8::", 6}, {"2600::", 14}, {"fe80::", 15},
    {"fe80::1200", 15}, {"2002::", 4},     {"2001::", 6},  {"fec0::", 15},
    {"::10.0.0.0", 13}, {"ff02::", 15},    {"ff0e::", 15}, {"64:ff9b::", 14}};

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t limit) {
  return random() % limit;
}

const Range& draw_range(Random& random, int family) {
  if (family == AF_INET) return kIpv4[below(random, std::size(kIpv4))];
  if (family == AF_INET6 && below(random, 8) == 0)
    return kMapped[below(random, std::size(kMapped))];
  if (family == AF_INET6) return kIpv6[below(random, std::size(kIpv6))];
  return random() % 2 == 0 ? draw_range(random, AF_INET) : kIpv6[below(random, std::size(kIpv6))];
}

Address draw(Random& random, int family) {
  const Range& range = draw_range(random, family);
  const bool ipv4 = std::strchr(range.start, ':') == nullptr;
  Address address;
  address.family = ipv4 ? Address::Family::ipv4 : Address::Family::ipv6;
  inet_pton(ipv4 ? AF_INET : AF_INET6, range.start, address.bytes.data());
  const bool narrow = random() % 2 == 0;
  for (std::size_t i = range.kept; i < (ipv4 ? 4U : 16U); ++i) {
    address.bytes[i] =
        static_cast<std::uint8_t>(narrow ? address.bytes[i] + random() % 12 : random());
  }
  return address;
}

std::vector<Address> draw_set(Random& random, int family) {
  std::set<Address> drawn;
  const std::size_t wanted = 2 + below(random, 9);
  while (drawn.size() < wanted)
    drawn.insert(draw(random, family));
  std::vector<Address> set(drawn.begin(), drawn.end());
  std::ranges::shuffle(set, random);
  return set;
}

std::string text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const int family = address.family == Address::Family::ipv4 ? AF_INET : AF_INET6;
  return inet_ntop(family, address.bytes.data(), buffer.data(), buffer.size());
}

Address from(const addrinfo& item) {
  Address address;
  if (item.ai_family == AF_INET) {
    std::memcpy(address.bytes.data(), &reinterpret_cast<sockaddr_in*>(item.ai_addr)->sin_addr, 4);
  } else {
    address.family = Address::Family::ipv6;
    std::memcpy(address.bytes.data(), &reinterpret_cast<sockaddr_in6*>(item.ai_addr)->sin6_addr,
                16);
  }
  return address;
}

std::vector<Address> glibc_order(const std::vector<Address>& set, int family) {
  {
    std::ofstream hosts("/etc/hosts", std::ios::trunc);
    for (const Address& address : set)
      hosts << text(address) << " probe.test\n";
  }
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* answer = nullptr;
  std::vector<Address> order;
  if (getaddrinfo("probe.test", nullptr, &hints, &answer) != 0) return order;
  for (const addrinfo* item = answer; item != nullptr; item = item->ai_next) {
    order.push_back(from(*item));
  }
  freeaddrinfo(answer);
  return order;
}

void show(const char* title, const std::vector<Address>& list, hlb::publish::SortScores& scores) {
  std::printf("  %s:", title);
  for (const Address& address : list) {
    std::printf(" %s(%08x)", text(address).c_str(), scores.of(address));
  }
  std::printf("\n");
}

// A set, the order that its scores promise, and the one that glibc gives.
struct Orders {
  std::vector<Address> expected;
  std::vector<Address> glibc;
};

Orders look_at(const std::vector<Address>& set, int family, hlb::publish::SortScores& scores) {
  std::vector<Address> expected = set;
  std::ranges::stable_sort(expected, std::greater{},
                           [&](const Address& address) { return scores.of(address); });
  return {std::move(expected), glibc_order(set, family)};
}

// Whether glibc's order of the set is ours. New interfaces take a moment to settle, so a difference
// counts only if it stays while the scores are asked anew.
bool agrees(const std::vector<Address>& set, int family, hlb::publish::SortScores& scores) {
  Orders orders = look_at(set, family, scores);
  for (int again = 0; orders.glibc != orders.expected && again < 20; ++again) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    scores.refresh();
    orders = look_at(set, family, scores);
  }
  if (orders.glibc == orders.expected) return true;
  show("expected", orders.expected, scores);
  show("   glibc", orders.glibc, scores);
  return false;
}

// How many sets of the family differ; gives up after a few.
unsigned mismatches(Random& random, int family, unsigned sets) {
  hlb::publish::SortScores scores;
  unsigned wrong = 0;
  for (unsigned i = 0; i < sets && wrong < 5; ++i) {
    if (!agrees(draw_set(random, family), family, scores)) ++wrong;
  }
  return wrong;
}

bool run(const char* command) {
  // NOLINTNEXTLINE(bugprone-command-processor,cert-env33-c): fixed commands of this file
  const bool good = std::system(command) == 0;
  if (!good) std::printf("  failed: %s\n", command);
  return good;
}

// A file of our own in place of /etc/hosts, and /etc/host.conf so that `files` answers with all.
bool own_files() {
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return false;
  return run(
      "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && touch /mnt/hosts && "
      "echo 'multi on' >/mnt/host.conf && touch /mnt/gai.conf && "
      "for f in hosts host.conf gai.conf; do "
      "[ ! -e /etc/$f ] || mount --bind /mnt/$f /etc/$f; done");
}

bool check(const Host& host, unsigned sets) {
  if (!own_files()) return false;
  __nss_configure_lookup("hosts", "files");
  if (!std::ranges::all_of(host.commands, run)) return false;
  Random random(20'240'601);
  unsigned wrong = 0;
  // With an IPv6 address in front, glibc asks for IPv4 sources through its IPv6 socket.
  for (const int family : {AF_INET, AF_INET6, AF_UNSPEC})
    wrong += mismatches(random, family, sets);
  std::printf("%-22s %u sets: %s\n", host.name, 3 * sets, wrong == 0 ? "same order" : "DIFFERS");
  return wrong == 0;
}

bool check_in_child(const Host& host, unsigned sets) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const bool good = check(host, sets);
    std::fflush(stdout);
    _exit(good ? 0 : 1);
  }
  int status = 1;
  return waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int count, char** arguments) {
  const unsigned sets = count > 1 ? static_cast<unsigned>(std::stoul(arguments[1])) : 1500;
  bool good = true;
  for (const Host& host : kKinds)
    good = check_in_child(host, sets) && good;
  std::printf("sort_order: %s\n", good ? "every order is as scored" : "MISMATCH");
  return good ? 0 : 1;
}
