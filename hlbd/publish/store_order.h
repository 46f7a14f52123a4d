// Decides the order in which the states of an update are stored, while programs read them.
#pragma once

#include "libnss_hlb/record.h"

namespace hlb::publish {

// Knows the state of each backend of a record before an update and after it, from which follows
// whether the new state is stored before the count of changes, or after it. Then a reader that
// finds the same count before and after its pass answers only with backends that are right before
// the update, or after it; and with some, if there are some both before and after.
//
// Priorities may change as states may: only being answered counts.
class StoreOrder {
 public:
  StoreOrder(record::WhenAllDown before, record::WhenAllDown after)
      : rule_before_(before), rule_after_(after) {}

  // Adds a backend; to be called for each backend of the record, changed or not, before any
  // goes_first().
  void add(record::BackendState before, record::BackendState after);

  // Whether this change is stored before the count.
  bool goes_first(record::BackendState before, record::BackendState after) const;

 private:
  bool stays_first(record::BackendState before, record::BackendState after) const;

  record::WhenAllDown rule_before_;
  record::WhenAllDown rule_after_;
  record::Rank best_before_ = record::kNever;
  record::Rank best_after_ = record::kNever;
  bool up_after_ = false;  // a backend that is answered then is up
};

}  // namespace hlb::publish
