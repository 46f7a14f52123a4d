// Real glibc lookups of one name, as an application makes them.
//
//   lookup NAME [--api getaddrinfo|gethostbyname|gethostbyname2] [--family unspec|inet|inet6]
//               [--canonname] [--count N] [--threads N] [--for SECONDS] [--until FILE]
//               [--pause-us N]
//
// Prints one line per distinct result, as key=value fields, then one line of totals. With --for,
// every thread looks up for that long, or until there is such a file; otherwise --count times.
// Built on plain libc, so that no other library's descriptors or threads are seen.
#include <arpa/inet.h>
#include <getopt.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

using Monotonic = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::size_t kLargestBuffer = 1 << 20;  // an end, should ERANGE never cease

enum class Api { getaddrinfo, gethostbyname, gethostbyname2 };

struct Question {
  std::string name;
  Api api = Api::getaddrinfo;
  int family = AF_UNSPEC;
  bool canonname = false;
};

struct Run {
  Question question;
  unsigned long count = 1;
  unsigned threads = 1;
  double seconds = 0;  // 0: by count
  const char* until = nullptr;
  unsigned pause_us = 0;
};

struct Tally {
  std::map<std::string, unsigned long> results;
  unsigned long lookups = 0;
  microseconds slowest{0};
};

std::string eai_name(int status) {
  switch (status) {
    case 0:
      return "OK";
    case EAI_AGAIN:
      return "EAI_AGAIN";
    case EAI_FAIL:
      return "EAI_FAIL";
    case EAI_NODATA:
      return "EAI_NODATA";
    case EAI_NONAME:
      return "EAI_NONAME";
    case EAI_ADDRFAMILY:
      return "EAI_ADDRFAMILY";
    case EAI_MEMORY:
      return "EAI_MEMORY";
    case EAI_SYSTEM:
      return "EAI_SYSTEM";
    default:
      return "EAI_" + std::to_string(status);
  }
}

std::string h_errno_name(int code) {
  switch (code) {
    case NETDB_INTERNAL:
      return "NETDB_INTERNAL";
    case NETDB_SUCCESS:
      return "OK";
    case HOST_NOT_FOUND:
      return "HOST_NOT_FOUND";
    case TRY_AGAIN:
      return "TRY_AGAIN";
    case NO_RECOVERY:
      return "NO_RECOVERY";
    case NO_DATA:
      return "NO_DATA";
    default:
      return std::to_string(code);
  }
}

std::string text_of(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(family, address, text, sizeof text);
  return text;
}

std::string line(const std::string& status, const std::string& canon,
                 const std::vector<std::string>& addresses) {
  std::string joined;
  for (const auto& address : addresses) {
    joined += (joined.empty() ? "" : ",") + address;
  }
  return "status=" + status + " canon=" + canon + " addresses=" + joined;
}

std::string by_getaddrinfo(const Question& question) {
  addrinfo hints{};
  hints.ai_family = question.family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = question.canonname ? AI_CANONNAME : 0;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(question.name.c_str(), nullptr, &hints, &found);
  if (status != 0) {
    return line(eai_name(status), "", {});
  }
  const std::string canon = found->ai_canonname != nullptr ? found->ai_canonname : "";
  std::vector<std::string> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(each->ai_addr);
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(each->ai_addr);
    addresses.push_back(each->ai_family == AF_INET ? text_of(AF_INET, &v4->sin_addr)
                                                   : text_of(AF_INET6, &v6->sin6_addr));
  }
  freeaddrinfo(found);
  return line("OK", canon, addresses);
}

// The buffer grows as a careful caller's does: from next to nothing, doubled at each ERANGE.
std::string by_gethostbyname(const Question& question) {
  std::vector<char> buffer(16);
  hostent space{};
  hostent* found = nullptr;
  int code = 0;
  int error = ERANGE;
  while (error == ERANGE && buffer.size() < kLargestBuffer) {
    buffer.resize(buffer.size() * 2);
    error = question.api == Api::gethostbyname
                ? gethostbyname_r(question.name.c_str(), &space, buffer.data(), buffer.size(),
                                  &found, &code)
                : gethostbyname2_r(question.name.c_str(), question.family, &space, buffer.data(),
                                   buffer.size(), &found, &code);
  }
  if (found == nullptr) {
    return line(h_errno_name(code), "", {});
  }
  std::vector<std::string> addresses;
  for (char** each = found->h_addr_list; *each != nullptr; ++each) {
    addresses.push_back(text_of(found->h_addrtype, *each));
  }
  return line("OK", found->h_name, addresses);
}

std::string ask(const Question& question) {
  return question.api == Api::getaddrinfo ? by_getaddrinfo(question) : by_gethostbyname(question);
}

void ask_repeatedly(const Run& run, Monotonic::time_point end, Tally& tally) {
  const auto more = [&] {
    if (run.until != nullptr && access(run.until, F_OK) == 0) return false;
    return run.seconds > 0 ? Monotonic::now() < end : tally.lookups < run.count;
  };
  while (more()) {
    const auto start = Monotonic::now();
    const std::string result = ask(run.question);
    const auto taken = std::chrono::duration_cast<microseconds>(Monotonic::now() - start);
    tally.slowest = std::max(tally.slowest, taken);
    ++tally.results[result];
    ++tally.lookups;
    if (run.pause_us > 0) {
      std::this_thread::sleep_for(microseconds(run.pause_us));
    }
  }
}

Tally ask_from_all_threads(const Run& run) {
  const auto end = Monotonic::now() + std::chrono::duration_cast<Monotonic::duration>(
                                          std::chrono::duration<double>(run.seconds));
  std::vector<Tally> tallies(run.threads);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < run.threads; ++i) {
    threads.emplace_back(ask_repeatedly, std::cref(run), end, std::ref(tallies[i]));
  }
  ask_repeatedly(run, end, tallies[0]);
  for (auto& thread : threads) {
    thread.join();
  }
  Tally sum;
  for (const auto& tally : tallies) {
    sum.lookups += tally.lookups;
    sum.slowest = std::max(sum.slowest, tally.slowest);
    for (const auto& [result, count] : tally.results) {
      sum.results[result] += count;
    }
  }
  return sum;
}

void print(const Tally& tally) {
  for (const auto& [result, count] : tally.results) {
    std::printf("n=%lu %s\n", count, result.c_str());
  }
  std::printf("lookups=%lu slowest_us=%lld\n", tally.lookups,
              static_cast<long long>(tally.slowest.count()));
}

[[noreturn]] void end_with_usage() {
  std::fputs("lookup: see the head of tests/integration/lookup.cpp for its arguments\n", stderr);
  std::exit(2);
}

Api api_named(const std::string& name) {
  if (name == "getaddrinfo") return Api::getaddrinfo;
  if (name == "gethostbyname") return Api::gethostbyname;
  if (name == "gethostbyname2") return Api::gethostbyname2;
  end_with_usage();
}

int family_named(const std::string& name) {
  if (name == "unspec") return AF_UNSPEC;
  if (name == "inet") return AF_INET;
  if (name == "inet6") return AF_INET6;
  end_with_usage();
}

void take_option(Run& run, int option) {
  switch (option) {
    case 'a':
      run.question.api = api_named(optarg);
      break;
    case 'f':
      run.question.family = family_named(optarg);
      break;
    case 'c':
      run.question.canonname = true;
      break;
    case 'n':
      run.count = std::strtoul(optarg, nullptr, 10);
      break;
    case 't':
      run.threads = static_cast<unsigned>(std::strtoul(optarg, nullptr, 10));
      break;
    case 's':
      run.seconds = std::strtod(optarg, nullptr);
      break;
    case 'u':
      run.until = optarg;
      break;
    case 'p':
      run.pause_us = static_cast<unsigned>(std::strtoul(optarg, nullptr, 10));
      break;
    default:
      end_with_usage();
  }
}

Run parse(int argc, char** argv) {
  static constexpr option kOptions[] = {{"api", required_argument, nullptr, 'a'},
                                        {"family", required_argument, nullptr, 'f'},
                                        {"canonname", no_argument, nullptr, 'c'},
                                        {"count", required_argument, nullptr, 'n'},
                                        {"threads", required_argument, nullptr, 't'},
                                        {"for", required_argument, nullptr, 's'},
                                        {"until", required_argument, nullptr, 'u'},
                                        {"pause-us", required_argument, nullptr, 'p'},
                                        {nullptr, 0, nullptr, 0}};
  Run run;
  for (int option = 0; (option = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    take_option(run, option);
  }
  if (optind + 1 != argc || run.threads == 0) {
    end_with_usage();
  }
  run.question.name = argv[optind];
  return run;
}

}  // namespace

int main(int argc, char** argv) {
  const Run run = parse(argc, argv);
  print(ask_from_all_threads(run));
  return 0;
}
