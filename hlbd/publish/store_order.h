// The order in which the states of one turn are stored, while programs read them.
#pragma once

#include "libnss_hlb/record.h"

namespace hlb::publish {

// One turn's change of a record: what each of its backends was, and what it becomes. From the two
// follows which states are stored before the count of changes, and which after it. Then a reader
// that finds the same count before and after its pass answers with nobody but those who are right
// before the turn, or after it; and with somebody, if there is somebody both before and after.
//
// A priority may become another as the state may: what counts is who is answered.
class StoreOrder {
 public:
  StoreOrder(record::WhenAllDown before, record::WhenAllDown after)
      : rule_before_(before), rule_after_(after) {}

  // To be called for each backend of the record, also for those that stay as they are, before any
  // goes_first().
  void add(record::BackendState before, record::BackendState after);

  // Whether such a change is stored before the count.
  bool goes_first(record::BackendState before, record::BackendState after) const;

 private:
  bool stays_first(record::BackendState before, record::BackendState after) const;

  record::WhenAllDown rule_before_;
  record::WhenAllDown rule_after_;
  record::Rank best_before_ = record::kNever;
  record::Rank best_after_ = record::kNever;
  bool up_after_ = false;  // one of those who are answered
};

}  // namespace hlb::publish
