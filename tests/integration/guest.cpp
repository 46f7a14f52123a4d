// What the module does to the process it is loaded into, seen from inside such a process.
//
//   guest traces NAME COUNT     descriptors and threads before and after COUNT lookups
//   guest fork NAME MODULE      forks while other threads look up; each child looks up
//   guest close NAME            closes every descriptor between lookups
//   guest setenv NAME SECONDS   looks up while another thread changes the environment
//   guest starve NAME MODULE    its entry point called with no descriptor left
//   guest buffers NAME MODULE   each entry point with buffers of 0, 1, 2, … bytes until it succeeds
//
// Prints what it found as key=value fields. Exit status 1: what must not happen did.
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <nss.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void fail(const std::string& why) {
  std::printf("failed: %s\n", why.c_str());
  std::fflush(stdout);
  _exit(1);
}

// 0, or the error of getaddrinfo.
int look_up(const char* name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(name, nullptr, &hints, &found);
  if (status == 0) {
    freeaddrinfo(found);
  }
  return status;
}

unsigned entries_of(const char* folder) {
  DIR* open = opendir(folder);
  if (open == nullptr) {
    fail(std::string("cannot read ") + folder);
  }
  unsigned count = 0;
  while (readdir(open) != nullptr) {
    ++count;
  }
  closedir(open);
  return count;
}

// The first lookup comes before the first count: by then glibc has read its own files.
void traces(const char* name, unsigned long count) {
  if (look_up(name) != 0) {
    fail("the first lookup");
  }
  const unsigned descriptors = entries_of("/proc/self/fd");
  const unsigned threads = entries_of("/proc/self/task");
  unsigned long failed = 0;
  for (unsigned long i = 0; i < count; ++i) {
    failed += look_up(name) != 0 ? 1 : 0;
  }
  std::printf("lookups=%lu failed=%lu descriptors=%u,%u threads=%u,%u\n", count, failed,
              descriptors, entries_of("/proc/self/fd"), threads, entries_of("/proc/self/task"));
}

void close_between_lookups(const char* name) {
  unsigned failed = 0;
  for (int i = 0; i < 100; ++i) {
    failed += look_up(name) != 0 ? 1 : 0;
    closefrom(3);
  }
  std::printf("lookups=100 failed=%u\n", failed);
}

// As many variables as make the environment grow, and move, again and again.
void change_environment(const std::atomic<bool>& over) {
  for (unsigned i = 0; !over; ++i) {
    const std::string name = "GUEST_" + std::to_string(i % 300);
    setenv(name.c_str(), std::string(i % 64, 'x').c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    if (i % 300 == 299) clearenv();                             // NOLINT(concurrency-mt-unsafe)
  }
}

// glibc itself reads the environment at its first lookup, which comes before.
void look_up_beside_setenv(const char* name, double seconds) {
  look_up(name);
  std::atomic<bool> over = false;
  std::thread other(change_environment, std::cref(over));
  unsigned long count = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (; std::chrono::steady_clock::now() < end; ++count) {
    look_up(name);
  }
  over = true;
  other.join();
  std::printf("lookups=%lu\n", count);
}

struct Reply {
  nss_status status = NSS_STATUS_UNAVAIL;
  int error = 0;
  int h_error = 0;
};

// One of the module's entry points, called with this buffer.
using Entry = std::function<Reply(const char* name, char* buffer, std::size_t size)>;

template <typename Function>
Function symbol(void* module, const char* name) {
  void* found = dlsym(module, name);
  if (found == nullptr) {
    fail(std::string("no symbol ") + name);
  }
  return reinterpret_cast<Function>(found);
}

Entry gethostbyname4(void* module) {
  using Function =
      nss_status (*)(const char*, gaih_addrtuple**, char*, std::size_t, int*, int*, std::int32_t*);
  return [call = symbol<Function>(module, "_nss_hlb_gethostbyname4_r")](
             const char* name, char* buffer, std::size_t size) {
    gaih_addrtuple* tuple = nullptr;
    std::int32_t ttl = 0;
    Reply reply;
    reply.status = call(name, &tuple, buffer, size, &reply.error, &reply.h_error, &ttl);
    return reply;
  };
}

Entry gethostbyname3(void* module) {
  using Function = nss_status (*)(const char*, int, hostent*, char*, std::size_t, int*, int*,
                                  std::int32_t*, char**);
  return [call = symbol<Function>(module, "_nss_hlb_gethostbyname3_r")](
             const char* name, char* buffer, std::size_t size) {
    hostent host{};
    std::int32_t ttl = 0;
    char* canon = nullptr;
    Reply reply;
    reply.status =
        call(name, AF_INET, &host, buffer, size, &reply.error, &reply.h_error, &ttl, &canon);
    return reply;
  };
}

Entry gethostbyname2(void* module) {
  using Function = nss_status (*)(const char*, int, hostent*, char*, std::size_t, int*, int*);
  return [call = symbol<Function>(module, "_nss_hlb_gethostbyname2_r")](
             const char* name, char* buffer, std::size_t size) {
    hostent host{};
    Reply reply;
    reply.status = call(name, AF_INET, &host, buffer, size, &reply.error, &reply.h_error);
    return reply;
  };
}

Entry gethostbyname(void* module) {
  using Function = nss_status (*)(const char*, hostent*, char*, std::size_t, int*, int*);
  return [call = symbol<Function>(module, "_nss_hlb_gethostbyname_r")](
             const char* name, char* buffer, std::size_t size) {
    hostent host{};
    Reply reply;
    reply.status = call(name, &host, buffer, size, &reply.error, &reply.h_error);
    return reply;
  };
}

void* loaded(const char* module_path) {
  void* module = dlopen(module_path, RTLD_NOW);
  if (module == nullptr) {
    fail(dlerror());
  }
  return module;
}

bool answers(const Entry& entry, const char* name) {
  char buffer[4096];
  return entry(name, buffer, sizeof buffer).status == NSS_STATUS_SUCCESS;
}

void look_up_without_descriptors(const char* name, const char* module_path) {
  const Entry entry = gethostbyname4(loaded(module_path));
  while (dup(STDIN_FILENO) >= 0) {
  }
  char buffer[4096];
  const Reply reply = entry(name, buffer, sizeof buffer);
  std::printf("status=%d errno=%d h_errno=%d\n", reply.status, reply.error, reply.h_error);
}

// A child that hangs is ended by its own alarm, and counts as failed.
bool child_looks_up(const Entry& entry, const char* name) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    _exit(answers(entry, name) ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Calls the module itself: a child that asks through getaddrinfo can hang in glibc, whose lock of
// resolv.conf (get_locked_global, seen in 2.36) another thread held at the fork.
void fork_amid_lookups(const char* name, const char* module_path) {
  constexpr unsigned kForks = 300;
  const Entry entry = gethostbyname4(loaded(module_path));
  std::atomic<bool> done = false;
  std::atomic<unsigned long> lookups = 0;
  std::vector<std::thread> threads(4);
  for (auto& thread : threads) {
    thread = std::thread([&] {
      while (!done) {
        answers(entry, name);
        ++lookups;
      }
    });
  }
  unsigned failed = 0;
  for (unsigned i = 0; i < kForks; ++i) {
    failed += child_looks_up(entry, name) ? 0 : 1;
  }
  done = true;
  for (auto& thread : threads) {
    thread.join();
  }
  std::printf("forks=%u failed=%u lookups=%lu\n", kForks, failed, lookups.load());
}

// Room for buffers that end where a forbidden page begins: one byte too many ends this program.
// The bytes before and (where there are any) behind the buffer are watched.
class GuardedRoom {
 public:
  GuardedRoom() {
    void* mapped =
        mmap(nullptr, kSize + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED || mprotect(static_cast<char*>(mapped) + kSize, kPage, PROT_NONE)) {
      fail("no memory");
    }
    start_ = static_cast<char*>(mapped);
  }

  static constexpr std::size_t kSize = 262144;

  // A buffer of `size` bytes that ends `gap` bytes before the forbidden page.
  char* buffer(std::size_t size, std::size_t gap) {
    std::memset(start_, kCanary, kSize);
    return start_ + kSize - gap - size;
  }

  bool untouched_around(const char* buffer, std::size_t size) const {
    const auto is_canary = [](char byte) { return byte == kCanary; };
    return std::all_of(static_cast<const char*>(start_), buffer, is_canary) &&
           std::all_of(buffer + size, static_cast<const char*>(start_ + kSize), is_canary);
  }

 private:
  static constexpr std::size_t kPage = 4096;
  static constexpr char kCanary = 0x5a;
  char* start_ = nullptr;
};

bool asks_for_more(const Reply& reply) {
  return reply.status == NSS_STATUS_TRYAGAIN && reply.error == ERANGE &&
         reply.h_error == NETDB_INTERNAL;
}

// The smallest size that suffices. Gaps of 0 to 15 put the same size at every alignment.
std::size_t needed_size(const char* entry_name, const Entry& entry, const char* name,
                        std::size_t gap) {
  GuardedRoom room;
  for (std::size_t size = 0; size + gap < GuardedRoom::kSize; ++size) {
    char* buffer = room.buffer(size, gap);
    const Reply reply = entry(name, buffer, size);
    const std::string where = std::string(entry_name) + " with " + std::to_string(size) + " bytes";
    if (!room.untouched_around(buffer, size)) {
      fail(where + " wrote outside its buffer");
    }
    if (reply.status == NSS_STATUS_SUCCESS) {
      return size;
    }
    if (!asks_for_more(reply)) {
      fail(where + " gave status " + std::to_string(reply.status) + ", errno " +
           std::to_string(reply.error) + ", h_errno " + std::to_string(reply.h_error));
    }
  }
  fail(std::string(entry_name) + " never had enough");
}

void buffers(const char* name, const char* module_path) {
  void* module = loaded(module_path);
  const std::pair<const char*, Entry> entries[] = {
      {"gethostbyname4_r", gethostbyname4(module)},
      {"gethostbyname3_r", gethostbyname3(module)},
      {"gethostbyname2_r", gethostbyname2(module)},
      {"gethostbyname_r", gethostbyname(module)},
  };
  for (const auto& [entry_name, entry] : entries) {
    std::size_t least = GuardedRoom::kSize;
    std::size_t most = 0;
    for (std::size_t gap = 0; gap < 16; ++gap) {
      const std::size_t size = needed_size(entry_name, entry, name, gap);
      least = std::min(least, size);
      most = std::max(most, size);
    }
    std::printf("entry=%s needs=%zu,%zu\n", entry_name, least, most);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  const char* argument = argc > 3 ? argv[3] : "0";
  if (what == "traces") {
    traces(argv[2], std::strtoul(argument, nullptr, 10));
  } else if (what == "fork") {
    fork_amid_lookups(argv[2], argument);
  } else if (what == "close") {
    close_between_lookups(argv[2]);
  } else if (what == "setenv") {
    look_up_beside_setenv(argv[2], std::strtod(argument, nullptr));
  } else if (what == "starve") {
    look_up_without_descriptors(argv[2], argument);
  } else if (what == "buffers") {
    buffers(argv[2], argument);
  } else {
    fail("see the head of tests/integration/guest.cpp for its arguments");
  }
  return 0;
}
