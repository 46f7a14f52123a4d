// Fuzzes the module's way from a table's bytes to an answer in the caller's buffer.
// Input: one byte for the caller's buffer's size, then the table.
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "libnss_hlb/choose.h"
#include "libnss_hlb/pack.h"
#include "libnss_hlb/table.h"

namespace {

void answer(const hlb::record::View& record, hlb::Asked asked, bool healthy, std::size_t size) {
  const hlb::Choice choice(record, asked, healthy);
  if (choice.availability() != hlb::Availability::answerable) return;
  hlb::Random random(1);
  const hlb::Answer found{record, choice, record.name(), "asked.example", random};
  std::vector<char> buffer(size);  // exact, so that a sanitizer sees one byte too many
  hlb::pack_tuples(found, buffer);
  hostent host{};
  if (asked == hlb::Asked::ipv4) hlb::pack_host(found, AF_INET, buffer, host);
  if (asked == hlb::Asked::ipv6) hlb::pack_host(found, AF_INET6, buffer, host);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer names it
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t buffer_size = std::size_t{data[0]} * 8;
  const std::vector<std::uint8_t> bytes(data + 1, data + size);
  const auto table = hlb::table::View::over(bytes);
  if (!table.valid()) return 0;
  table.superseded();
  table.freshness(1'000'000'000);
  for (const char* name : {"app.local", "x.app.local", "app", "foreign.example"}) {
    const hlb::record::View record = table.find(hlb::Name(name));
    if (!record.valid()) continue;
    for (const auto asked : {hlb::Asked::any, hlb::Asked::ipv4, hlb::Asked::ipv6}) {
      answer(record, asked, true, buffer_size);
      answer(record, asked, false, buffer_size);
    }
  }
  return 0;
}
