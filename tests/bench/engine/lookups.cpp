// Looks names up through hlb, as an application does, once a millisecond.
//
//   lookups pace SECONDS HOST   prints how many nanoseconds each lookup took
//   lookups watch HOST …        prints "HOST up|down NANOSECONDS" (CLOCK_MONOTONIC) for each host
//                               at first, and whenever it gets or loses its answer; until killed
#include <netdb.h>
#include <nss.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kPause{1};

bool look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  freeaddrinfo(found);
  return true;
}

long long since_epoch(Clock::time_point time) {
  return nanoseconds(time.time_since_epoch()).count();
}

int pace(std::chrono::seconds duration, const std::string& host) {
  std::vector<nanoseconds> taken;
  for (const auto end = Clock::now() + duration; Clock::now() < end;) {
    const auto start = Clock::now();
    if (!look_up(host)) {
      std::fprintf(stderr, "lookups: no answer for %s\n", host.c_str());
      return 1;
    }
    taken.push_back(Clock::now() - start);
    std::this_thread::sleep_for(kPause);
  }
  for (const auto each : taken)
    std::printf("%lld\n", static_cast<long long>(each.count()));
  return 0;
}

[[noreturn]] void watch(const std::vector<std::string>& hosts) {
  std::vector<int> before(hosts.size(), -1);
  for (;; std::this_thread::sleep_for(kPause)) {
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      const int answered = look_up(hosts[i]) ? 1 : 0;
      if (answered == before[i]) continue;
      before[i] = answered;
      std::printf("%s %s %lld\n", hosts[i].c_str(), answered == 1 ? "up" : "down",
                  since_epoch(Clock::now()));
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (__nss_configure_lookup("hosts", "hlb") != 0) return 1;
  if (words.size() == 3 && words[0] == "pace") {
    return pace(std::chrono::seconds(std::stoi(words[1])), words[2]);
  }
  if (words.size() > 1 && words[0] == "watch") watch({words.begin() + 1, words.end()});
  std::fputs("usage: lookups pace SECONDS HOST | lookups watch HOST …\n", stderr);
  return 2;
}
