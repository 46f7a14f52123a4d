// A table's live words, changed in place while programs read them. TABLE.md says in which order,
// and why.
#pragma once

#include <cstdint>
#include <span>

#include "health/verdict.h"
#include "libnss_hlb/table.h"
#include "publish/encode.h"
#include "publish/live_record.h"

namespace hlb::publish {

// Looks at bytes that may be written, aligned as a page is, which must outlive it. One thread
// writes; any number of readers is never made to wait.
class LiveTable {
 public:
  LiveTable() = default;
  explicit LiveTable(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  table::View view() const { return table::View::over(bytes_); }

  // Makes the table say of a service what the verdict says. What it has no place for (a name, a
  // backend) it leaves to hlbd: the service is marked so that hlbd is asked.
  // Backends that the service no longer has are withdrawn. False if it has no place for anything,
  // as one of no bytes hasn't.
  bool tell(const ServiceVerdict& service, AskHlbd ask = AskHlbd::as_needed);

  // Gives backends their sort scores, as after the host's addresses or routes have changed: those
  // of the services in so many slots from `first` on. False if that was the last of them.
  bool sort_by(const Score& score_of, std::uint32_t first, std::uint32_t count);

  // For a table that another one, `truth`, is to replace, but can't as yet. Names that aren't here,
  // or that are another service's there, or whose subdomains are, are left to hlbd.
  void leave_names_to_hlbd(std::span<const std::uint8_t> truth);

  // For one that has all names after all.
  void complete();

  void set_lease(std::uint64_t until_ns);  // CLOCK_BOOTTIME
  std::uint64_t lease() const;             // as it was set last
  std::uint64_t lease_length() const;      // how far ahead it is set

  // Of a table of whatever version: programs turn to the one that stands now.
  void supersede();

  // For when hlbd is removed from the machine for good.
  void retire();

 private:
  void add_flag(std::uint32_t flag);

  std::span<std::uint8_t> bytes_;
};

// Whether two tables have the same names and backends, and differ in live words alone.
bool same_shape(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other);

}  // namespace hlb::publish
