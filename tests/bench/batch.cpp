#include "tests/bench/batch.h"

#include <dlfcn.h>
#include <netdb.h>
#include <nss.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>

namespace hlb::bench {
namespace {

using Monotonic = std::chrono::steady_clock;
using Nanoseconds = std::chrono::duration<double, std::nano>;

constexpr std::chrono::milliseconds kBatch{4};
constexpr std::chrono::milliseconds kThreadsBatch{30};
constexpr unsigned kWarmUp = 20;  // lookups after another case had the core and its caches

void require(bool held, const std::string& otherwise) {
  if (!held) throw std::runtime_error(otherwise);
}

void run_on(unsigned core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  require(sched_setaffinity(0, sizeof cores, &cores) == 0, "can't choose the core");
}

void run_on_all_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (long core = 0; core < sysconf(_SC_NPROCESSORS_ONLN); ++core) {
    CPU_SET(static_cast<unsigned>(core), &cores);
  }
  require(sched_setaffinity(0, sizeof cores, &cores) == 0, "can't choose the cores");
}

// As curl and most programs ask.
int look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status == 0) freeaddrinfo(found);
  return status;
}

// Going round the hosts of a case.
class Round {
 public:
  explicit Round(std::vector<std::string> hosts) : hosts_(std::move(hosts)) {}

  void skip(std::size_t count) { next_ = count % hosts_.size(); }
  const std::string& next() {
    if (next_ == hosts_.size()) next_ = 0;
    return hosts_[next_++];
  }

 private:
  std::vector<std::string> hosts_;
  std::size_t next_ = 0;
};

// A batch of `once`, as many times as fill kBatch; how many is found out now.
Batch batch_of(const std::function<void()>& once) {
  unsigned long count = 0;
  const auto start = Monotonic::now();
  while (Monotonic::now() < start + 10 * kBatch) {
    once();
    ++count;
  }
  count = std::max(count / 10, 1UL);
  return [once, count] {
    for (unsigned i = 0; i < kWarmUp; ++i) {
      once();
    }
    const auto begin = Monotonic::now();
    for (unsigned long i = 0; i < count; ++i) {
      once();
    }
    return Nanoseconds(Monotonic::now() - begin).count() / static_cast<double>(count);
  };
}

Batch lookups(const Case& measured) {
  auto round = std::make_shared<Round>(hosts_of(measured));
  return batch_of([round] {
    const int status = look_up(round->next());
    require(status == 0, gai_strerror(status));
  });
}

// hlb's entry point without the C library around it: the name must be passed on.
Batch foreign(const Case& measured) {
  using EntryPoint =
      nss_status(const char*, gaih_addrtuple**, char*, std::size_t, int*, int*, std::int32_t*);
  void* module = dlopen("libnss_hlb.so.2", RTLD_NOW);
  require(module != nullptr, "libnss_hlb.so.2 can't be loaded");
  auto* entry = reinterpret_cast<EntryPoint*>(dlsym(module, "_nss_hlb_gethostbyname4_r"));
  require(entry != nullptr, "libnss_hlb.so.2 has no _nss_hlb_gethostbyname4_r");
  return batch_of([entry, host = measured.host] {
    alignas(gaih_addrtuple) std::array<char, 1024> buffer;
    gaih_addrtuple* tuples = nullptr;
    int error = 0;
    int host_error = 0;
    const nss_status status =
        entry(host.c_str(), &tuples, buffer.data(), buffer.size(), &error, &host_error, nullptr);
    require(status == NSS_STATUS_UNAVAIL, "the module doesn't pass the name on");
  });
}

// What the threads of a batch share.
struct Race {
  std::atomic<bool> started{false};
  std::atomic<bool> over{false};
  std::atomic<unsigned long> lookups{0};
  std::atomic<int> status{0};  // of a lookup that failed
};

void run_in(Race& race, Round& hosts) {
  race.started.wait(false);
  unsigned long count = 0;
  for (; !race.over.load(std::memory_order_relaxed); ++count) {
    const int status = look_up(hosts.next());
    if (status != 0) race.status = status;
  }
  race.lookups += count;
}

double race(std::vector<Round>& rounds) {
  Race race;
  std::vector<std::thread> threads;
  threads.reserve(rounds.size());
  for (auto& hosts : rounds) {
    threads.emplace_back(run_in, std::ref(race), std::ref(hosts));
  }
  const auto start = Monotonic::now();
  race.started = true;
  race.started.notify_all();
  std::this_thread::sleep_for(kThreadsBatch);
  race.over = true;
  for (auto& thread : threads) {
    thread.join();
  }
  const Nanoseconds taken = Monotonic::now() - start;
  require(race.status == 0, gai_strerror(race.status));
  return taken.count() / static_cast<double>(race.lookups);
}

// Each thread goes its own way through the hosts.
Batch threads(const Case& measured) {
  run_on_all_cores();
  std::vector<Round> rounds(measured.threads, Round(hosts_of(measured)));
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    rounds[i].skip(i * measured.hosts / measured.threads);
  }
  return [rounds]() mutable { return race(rounds); };
}

std::string beside_this_program(const std::string& name) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size() - 1);
  require(size > 0, "can't tell where this program lies");
  const std::string self(path.data(), static_cast<std::size_t>(size));
  return self.substr(0, self.rfind('/') + 1) + name;
}

double run_first_lookup(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "re"), pclose);
  require(output != nullptr, "can't run " + command);
  double nanoseconds = 0;
  require(fscanf(output.get(), "%lf", &nanoseconds) == 1, "failed: " + command);
  return nanoseconds;
}

Batch first(const Case& measured) {
  const std::string command = "exec " + beside_this_program("first_lookup") + " '" +
                              measured.sources + "' " + measured.host;
  return [command] { return run_first_lookup(command); };
}

// From now on this folder is /run/hlb to this process, and to what it starts.
void see(const std::string& runtime) {
  constexpr const char* kRuntimeFolder = "/run/hlb";
  mkdir(kRuntimeFolder, 0755);
  require(unshare(CLONE_NEWNS) == 0, "no mount namespace");
  require(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "no private mounts");
  require(mount(runtime.c_str(), kRuntimeFolder, nullptr, MS_BIND, nullptr) == 0,
          "can't mount " + runtime);
}

}  // namespace

Batch prepare(const Case& measured, unsigned core) {
  run_on(core);
  if (!measured.runtime.empty()) see(measured.runtime);
  if (!measured.sources.empty()) {
    require(__nss_configure_lookup("hosts", measured.sources.c_str()) == 0,
            "no hosts line: " + measured.sources);
  }
  switch (measured.kind) {
    case Case::Kind::lookup:
      return lookups(measured);
    case Case::Kind::threads:
      return threads(measured);
    case Case::Kind::foreign:
      return foreign(measured);
    case Case::Kind::first:
      return first(measured);
  }
  throw std::runtime_error("no such kind of case");
}

}  // namespace hlb::bench
