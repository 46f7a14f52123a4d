// Tells when answers change in the tables of many hlbds, until killed.
//
//   fleet_tables NAME,NAME… RUNTIME_DIR…
//
// Prints "NANOSECONDS NUMBER NAME ANSWER" for each name and each host, then whenever an answer is
// another one: by CLOCK_MONOTONIC, the host's place among the arguments, and who is answered, as
// "127.0.0.1,127.0.0.2"; "none" if nobody is, "ask" while programs are to ask hlbd itself, "absent"
// of a name that is no service's. Looks at each table once a millisecond.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "libnss_hlb/name.h"
#include "libnss_hlb/record.h"
#include "libnss_hlb/table.h"

namespace {

namespace record = hlb::record;

std::string text_of(const record::Backend& backend) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = backend.family() == record::Family::ipv4 ? AF_INET : AF_INET6;
  inet_ntop(family, backend.address(), text.data(), text.size());
  return text.data();
}

std::string answer_of(const hlb::table::View& table, const hlb::Name& name) {
  const record::View view = table.find(name);
  if (!view.valid()) return table.incomplete() ? "ask" : "absent";
  if (view.undecided()) return "ask";
  record::Rank best = record::kNever;
  std::vector<std::string> addresses;
  for (std::uint32_t i = 0; i < view.backend_count(); ++i) {
    const record::BackendState state = view.state(i);
    const record::Rank rank = state.rank(view.word().when_all_down());
    if (rank > best || rank == record::kNever || state.suspect()) continue;
    if (rank < best) addresses.clear();
    best = rank;
    addresses.push_back(text_of(view.backend(i)));
  }
  std::ranges::sort(addresses);
  std::string joined;
  for (const std::string& address : addresses)
    joined += (joined.empty() ? "" : ",") + address;
  return joined.empty() ? "none" : joined;
}

// A table file, which hlbd may put another one in the place of.
class MappedTable {
 public:
  explicit MappedTable(std::string path) : path_(std::move(path)) {}
  ~MappedTable() { unmap(); }
  MappedTable(const MappedTable&) = delete;
  MappedTable& operator=(const MappedTable&) = delete;

  // Not valid while there is none.
  const hlb::table::View& now() {
    if (!view_.valid() || view_.superseded()) map();
    return view_;
  }

 private:
  void map() {
    const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat status{};
    if (fstat(fd, &status) == 0 && status.st_size > 0) {
      const auto size = static_cast<std::size_t>(status.st_size);
      void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
      if (mapped != MAP_FAILED) {
        unmap();
        bytes_ = {static_cast<const std::uint8_t*>(mapped), size};
        view_ = hlb::table::View::over(bytes_);
      }
    }
    close(fd);
  }

  void unmap() {
    if (!bytes_.empty()) munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
    bytes_ = {};
    view_ = {};
  }

  std::string path_;
  std::span<const std::uint8_t> bytes_;
  hlb::table::View view_;
};

long long now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

[[noreturn]] void tell_changes(const std::vector<std::string>& names,
                               std::deque<MappedTable>& tables) {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 1'000'000};
  std::vector<std::string> before(names.size() * tables.size());
  while (true) {
    for (std::size_t host = 0; host < tables.size(); ++host) {
      const hlb::table::View& table = tables[host].now();
      if (!table.valid()) continue;
      for (std::size_t i = 0; i < names.size(); ++i) {
        std::string answer = answer_of(table, hlb::Name(names[i]));
        std::string& last = before[host * names.size() + i];
        if (answer == last || table.superseded_meanwhile()) continue;
        std::printf("%lld %zu %s %s\n", now(), host, names[i].c_str(), answer.c_str());
        last = std::move(answer);
      }
    }
    std::fflush(stdout);
    nanosleep(&kPause, nullptr);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: fleet_tables NAME,NAME… RUNTIME_DIR…\n", stderr);
    return 2;
  }
  std::vector<std::string> names;
  std::istringstream list(argv[1]);
  for (std::string name; std::getline(list, name, ',');)
    names.push_back(name);
  std::deque<MappedTable> tables;
  for (int i = 2; i < argc; ++i)
    tables.emplace_back(std::string(argv[i]) + "/table");
  tell_changes(names, tables);
}
