// Changes a table's live words in place while programs read them. TABLE.md says in which order, and
// why.
#pragma once

#include <cstdint>
#include <span>

#include "health/verdict.h"
#include "libnss_hlb/table.h"
#include "publish/encode.h"
#include "publish/live_record.h"

namespace hlb::publish {

// Refers to writable bytes, aligned as a page is, which must outlive it. One thread writes;
// readers, however many, never wait.
class LiveTable {
 public:
  LiveTable() = default;
  explicit LiveTable(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  table::View view() const { return table::View::over(bytes_); }

  // Makes the table say of a service what the verdict says. Where it has no place for a name or a
  // backend, the service is marked so that programs ask hlbd. Backends that the service no longer
  // has are withdrawn. Returns false if a place was missing, as always in a table without bytes.
  bool tell(const ServiceVerdict& service, AskHlbd ask = AskHlbd::as_needed);

  // Gives backends their sort scores, after the host's addresses or routes have changed: the
  // backends of the services in `count` slots from `first` on. Returns false once there are no more
  // slots.
  bool sort_by(const Score& score_of, std::uint32_t first, std::uint32_t count);

  // Has programs ask hlbd for names that aren't here, or that are another service's in `truth`, as
  // are their subdomains: for a table that `truth` is to replace, but can't as yet. Looks at
  // `count` slots, of both tables, from `first` on; returns false once there are no more.
  bool leave_names_to_hlbd(std::span<const std::uint8_t> truth, std::uint64_t first = 0,
                           std::uint64_t count = UINT64_MAX / 2);

  // Ends that for names that aren't here: the table has all after all.
  void complete();

  void set_lease(std::uint64_t until_ns);  // CLOCK_BOOTTIME
  std::uint64_t lease() const;             // as set last
  std::uint64_t lease_length() const;      // how far ahead the lease is set

  // Has programs turn to the table that stands now. Works for a table of whatever version.
  void supersede();

  // Marks the table as that of an hlbd that was removed from the machine for good.
  void retire();

 private:
  void add_flag(std::uint32_t flag);

  std::span<std::uint8_t> bytes_;
};

// Whether two tables have the same names and backends and, if these words count, give the same
// answers. `one` is a table that hlbd has made, `other` any bytes.
bool same(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other, Words words);

}  // namespace hlb::publish
