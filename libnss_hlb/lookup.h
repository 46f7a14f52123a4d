// One lookup: which record answers a name, and how far it can be trusted.
#pragma once

#include <cstdint>
#include <optional>

#include "libnss_hlb/mapping.h"
#include "libnss_hlb/name.h"
#include "libnss_hlb/peer.h"
#include "libnss_hlb/record.h"

namespace hlb {

// Asks the sources in their order: the table while hlbd stands by it, hlbd itself, the table as
// hlbd left it. Owns what the record lies in.
class Lookup {
 public:
  enum class Found : std::uint8_t {
    service,  // there is a record
    foreign,  // the name is no service's
    unknown,  // what could tell is there, but this process has no means left to ask it
  };

  // `now_ns`: CLOCK_BOOTTIME.
  Lookup(const Name& name, std::uint64_t now_ns);

  Found found() const { return found_; }
  const record::View& record() const { return record_; }

  // Whether the record's word on who is up still counts. If not, nobody is to be taken as healthy.
  bool is_trusted() const { return trusted_; }

 private:
  bool read_table(const Name& name, table::Freshness freshness);
  bool ask_hlbd(const Name& name, std::uint64_t now_ns);
  void fall_back(table::Freshness freshness);

  BorrowedTable table_;
  std::optional<PeerReply> reply_;
  record::View record_;
  Found found_ = Found::foreign;
  bool trusted_ = true;
};

}  // namespace hlb
