// Looks names up through hlb, as an application does.
//
//   lookups pace SECONDS HOST   once a millisecond; prints how many nanoseconds each lookup took
//   lookups watch PAUSE HOST …  each host, then again PAUSE microseconds later; prints
//                               "ADDRESS in|out NANOSECONDS" (CLOCK_MONOTONIC) whenever an answer
//                               gets or loses an address; until killed
//   lookups connect PORT HOST   connects to one of the addresses, a hundred times a second; prints
//                               "failed NANOSECONDS" for each time that fails; until killed
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Monotonic = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kPause{1};

using Found = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// nullptr if there is no answer.
Found look_up(const std::string& host, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  return {getaddrinfo(host.c_str(), nullptr, &hints, &found) == 0 ? found : nullptr, freeaddrinfo};
}

std::vector<sockaddr_in> addresses_of(const std::string& host) {
  std::vector<sockaddr_in> addresses;
  const Found found = look_up(host, AF_INET);
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next)
    addresses.push_back(*reinterpret_cast<const sockaddr_in*>(each->ai_addr));
  return addresses;
}

std::set<std::string> answer(const std::string& host) {
  std::set<std::string> answer;
  for (const sockaddr_in& each : addresses_of(host)) {
    std::array<char, INET_ADDRSTRLEN> text{};
    answer.insert(inet_ntop(AF_INET, &each.sin_addr, text.data(), text.size()));
  }
  return answer;
}

long long since_epoch(Monotonic::time_point time) {
  return nanoseconds(time.time_since_epoch()).count();
}

int pace(std::chrono::seconds duration, const std::string& host) {
  std::vector<nanoseconds> taken;
  for (const auto end = Monotonic::now() + duration; Monotonic::now() < end;) {
    const auto start = Monotonic::now();
    if (!look_up(host, AF_UNSPEC)) {
      std::fprintf(stderr, "lookups: no answer for %s\n", host.c_str());
      return 1;
    }
    taken.push_back(Monotonic::now() - start);
    std::this_thread::sleep_for(kPause);
  }
  for (const auto each : taken)
    std::printf("%lld\n", static_cast<long long>(each.count()));
  return 0;
}

void tell(const std::string& address, const char* what) {
  std::printf("%s %s %lld\n", address.c_str(), what, since_epoch(Monotonic::now()));
}

[[noreturn]] void watch(std::chrono::microseconds pause, const std::vector<std::string>& hosts) {
  std::vector<std::set<std::string>> before(hosts.size());
  for (;; std::this_thread::sleep_for(pause)) {
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      std::set<std::string> now = answer(hosts[i]);
      if (now == before[i]) continue;
      for (const std::string& each : now)
        if (!before[i].contains(each)) tell(each, "in");
      for (const std::string& each : before[i])
        if (!now.contains(each)) tell(each, "out");
      std::fflush(stdout);
      before[i] = std::move(now);
    }
  }
}

bool connects(sockaddr_in backend, std::uint16_t port) {
  backend.sin_port = htons(port);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool done = connect(fd, reinterpret_cast<const sockaddr*>(&backend), sizeof backend) == 0;
  close(fd);
  return done;
}

[[noreturn]] void connect_again_and_again(std::uint16_t port, const std::string& host) {
  std::minstd_rand chance(std::random_device{}());
  for (;; std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
    const std::vector<sockaddr_in> found = addresses_of(host);
    if (found.empty() || connects(found[chance() % found.size()], port)) continue;
    std::printf("failed %lld\n", since_epoch(Monotonic::now()));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (__nss_configure_lookup("hosts", "hlb") != 0) return 1;
  if (words.size() == 3 && words[0] == "pace") {
    return pace(std::chrono::seconds(std::stoi(words[1])), words[2]);
  }
  if (words.size() > 2 && words[0] == "watch") {
    watch(std::chrono::microseconds(std::stoi(words[1])), {words.begin() + 2, words.end()});
  }
  if (words.size() == 3 && words[0] == "connect") {
    connect_again_and_again(static_cast<std::uint16_t>(std::stoi(words[1])), words[2]);
  }
  std::fputs(
      "usage: lookups pace SECONDS HOST | lookups watch PAUSE HOST … | lookups connect PORT HOST\n",
      stderr);
  return 2;
}
