#include "publish/store_order.h"

namespace hlb::publish {

using record::BackendState;
using record::kNever;
using record::Rank;

void StoreOrder::add(BackendState before, BackendState after) {
  const Rank rank_before = before.rank(rule_before_);
  const Rank rank_after = after.rank(rule_after_);
  if (rank_before < best_before_) best_before_ = rank_before;
  if (rank_after < best_after_) {
    best_after_ = rank_after;
    up_after_ = false;
  }
  up_after_ = up_after_ || (rank_after == best_after_ && after.up());
}

// Stores a backend that comes into the answers before the count, and after it if it leaves them. A
// backend that is never answered goes where it isn't seen: before the count if the backends
// answered until then hide its new state, else after it, when better ones are in their place.
bool StoreOrder::goes_first(BackendState before, BackendState after) const {
  const bool is_in_before = best_before_ != kNever && before.rank(rule_before_) == best_before_;
  const bool is_in_after = best_after_ != kNever && after.rank(rule_after_) == best_after_;
  if (is_in_before && is_in_after) return stays_first(before, after);
  if (is_in_before || is_in_after) return is_in_after;
  const Rank rank_so_far = after.rank(rule_before_);
  return rank_so_far == kNever || rank_so_far > best_before_;
}

// Stores a backend that is answered all along where it hides others. At the same rank either side
// does for a module that knows kPanic; for a module that doesn't, backends that are up come in.
bool StoreOrder::stays_first(BackendState before, BackendState after) const {
  if (best_after_ == best_before_) return after.up();
  return best_after_ < best_before_ && (!before.up() || after.up() || !up_after_);
}

}  // namespace hlb::publish
