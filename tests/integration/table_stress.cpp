// One thread changes verdicts in place, as hlbd does, while others look up, as programs do.
//
//   table_stress CHANGES READERS
//
// A service has a main backend and a standby; one of both is up at any time, and hands over to the
// other in one turn; then both come up, serve together, and the main one is held back. A third one
// is never up. Prints what the readers saw as key=value fields. Exit status 1: one of them saw what
// never was.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "health/verdict.h"
#include "libnss_hlb/choose.h"
#include "publish/encode.h"
#include "publish/live_table.h"
#include "text/address.h"

namespace {

using hlb::State;

constexpr std::uint16_t kMain = 0;
constexpr std::uint16_t kStandby = 1;
constexpr std::uint16_t kNever = 2;

struct Seen {
  unsigned long lookups = 0;
  unsigned long unsettled = 0;
  unsigned long none = 0;   // although one was up at any time
  unsigned long wrong = 0;  // the one that never is, or more than there may be
};

// A backend that is up serves at this priority.
constexpr int kDown = -1;

hlb::ServiceVerdict verdict(const hlb::ServiceSpec& spec, int main, int standby) {
  const auto backend = [](const char* address, int priority, std::uint16_t otherwise) {
    const bool up = priority != kDown;
    return hlb::BackendVerdict{.address = *hlb::Address::parse(address),
                               .priority = up ? static_cast<std::uint16_t>(priority) : otherwise,
                               .state = up ? State::up : State::down};
  };
  hlb::ServiceVerdict verdict;
  verdict.spec = &spec;
  verdict.backends = {backend("10.0.0.1", main, kMain), backend("10.0.0.2", standby, kStandby),
                      backend("10.0.0.3", kDown, kNever)};
  return verdict;
}

void look_up(const hlb::table::View& table, std::uint32_t most, hlb::Random& random, Seen& seen) {
  const hlb::record::View record = table.find(hlb::Name("app.local"));
  const hlb::Choice choice(record, hlb::Asked::any);
  ++seen.lookups;
  if (!choice.settled()) {
    ++seen.unsettled;
  } else if (choice.availability() != hlb::Availability::answerable) {
    ++seen.none;
  } else {
    std::array<std::uint16_t, 3> chosen{};
    const std::uint32_t count = choice.choose(random, chosen);
    if (count < 1 || count > most || chosen[0] == kNever || chosen[count - 1] == kNever) {
      ++seen.wrong;
    }
  }
}

void look_up_until(const std::atomic<bool>& over, const hlb::table::View& table, std::uint32_t most,
                   Seen& seen) {
  hlb::Random random(1);
  while (!over.load(std::memory_order_relaxed))
    look_up(table, most, random, seen);
}

// Tells one verdict after the other, again and again, of which each answers with `most` at most.
void stress(std::span<const hlb::ServiceVerdict> verdicts, std::uint32_t most,
            unsigned long changes, unsigned readers, Seen& sum) {
  auto bytes = hlb::publish::encode_table(verdicts.first(1),
                                          {.max_stale = std::chrono::seconds(10), .network = {}},
                                          [](const hlb::Address&) { return 0; });
  const auto table = hlb::table::View::over(bytes);
  std::atomic<bool> over = false;
  std::vector<Seen> seen(readers);
  std::vector<std::thread> threads;
  for (Seen& each : seen)
    threads.emplace_back(look_up_until, std::cref(over), std::cref(table), most, std::ref(each));
  for (unsigned long i = 1; i <= changes; ++i)
    hlb::publish::LiveTable(bytes).tell(verdicts[i % verdicts.size()]);
  over = true;
  for (unsigned i = 0; i < readers; ++i) {
    threads[i].join();
    sum.lookups += seen[i].lookups;
    sum.unsettled += seen[i].unsettled;
    sum.none += seen[i].none;
    sum.wrong += seen[i].wrong;
  }
}

int stress(unsigned long changes, unsigned readers) {
  constexpr int kHeldBack = 65535;
  hlb::ServiceSpec spec;
  spec.name = "app.local";
  Seen sum;
  const std::array hand_over = {verdict(spec, kMain, kDown), verdict(spec, kDown, kStandby)};
  stress(hand_over, 1, changes, readers, sum);
  const std::array live_priorities = {verdict(spec, kMain, kStandby), verdict(spec, kMain, kMain),
                                      verdict(spec, kDown, kStandby),
                                      verdict(spec, kHeldBack, kStandby)};
  stress(live_priorities, 2, changes, readers, sum);
  std::printf("lookups=%lu unsettled=%lu none=%lu wrong=%lu\n", sum.lookups, sum.unsettled,
              sum.none, sum.wrong);
  return sum.none + sum.wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return stress(std::strtoul(argv[1], nullptr, 10),
                static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)));
}
