// One lookup: what answers a name, and how far it can be trusted.
#pragma once

#include <cstdint>
#include <optional>

#include "libnss_hlb/choose.h"
#include "libnss_hlb/mapping.h"
#include "libnss_hlb/name.h"
#include "libnss_hlb/peer.h"
#include "libnss_hlb/record.h"

namespace hlb {

// Asks the sources in their order: the table while hlbd stands by it, hlbd itself, the table as
// hlbd left it. Owns what the record lies in.
//
// hlbd may take a table away while it is read. So an answer is made in two steps: find(), and after
// all of it was copied stands(); until that is true, once more.
class Lookup {
 public:
  enum class Found : std::uint8_t {
    service,  // there is a record
    foreign,  // the name is no service's
    unknown,  // what could tell is there, but can't be asked now
  };

  Lookup(const Name& name, Asked asked);

  // Looks at the next source that may tell. After a few calls it is always one that stands.
  Found find();

  // Of a service, until the next find().
  const record::View& record() const { return record_; }
  Choice& choice() { return *choice_; }

  // Whether the sort scores of the record are true for this process, as far as can be told; what
  // the kernel says of that is remembered for a second.
  bool shares_network_with_hlbd() const;

  // Whether all that was read since find() is what the source said.
  bool stands() const;

  // When the lookup began, by CLOCK_BOOTTIME.
  std::uint64_t now_ns() const { return now_ns_; }

 private:
  enum class Source : std::uint8_t { table, hlbd, left_table, none };

  bool ask_table();
  // Cold, here and below, is what a lookup that a current table answers doesn't reach: it stands
  // apart, so that the rest takes fewer lines of the processor's cache.
  [[gnu::cold]] bool ask_hlbd();
  [[gnu::cold]] bool call_hlbd();
  [[gnu::cold]] bool another_table_stands();
  [[gnu::cold]] Found read_what_is_left();
  void read(const record::View& record, bool healthy);

  const Name& name_;
  Asked asked_;
  std::uint64_t now_ns_;
  std::uint64_t deadline_ns_ = 0;  // by CLOCK_MONOTONIC, once hlbd was asked
  BorrowedTable table_;
  std::optional<PeerReply> reply_;
  record::View record_;
  std::optional<Choice> choice_;
  Source source_ = Source::none;
  Found found_ = Found::foreign;
  int attempts_ = 0;  // at the table
  int turns_ = 0;     // to another table, after hlbd was asked in vain
};

}  // namespace hlb
