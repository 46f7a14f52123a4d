#include "health/verdict.h"

namespace hlb {

record::BackendState BackendVerdict::published() const {
  const unsigned flags = (state == State::up && !suspect ? record::kUp : 0U) |
                         (suspect ? record::kSuspect : 0U) | (withdrawn ? record::kWithdrawn : 0U) |
                         (weight == 0 ? record::kNoShare : 0U) | (panic ? record::kPanic : 0U);
  return {priority, static_cast<record::Family>(address.family), static_cast<std::uint8_t>(flags)};
}

bool BackendVerdict::healthy() const {
  const record::BackendState told = published();
  return told.up() && told.rank(record::WhenAllDown::fail) != record::kNever;
}

record::Word ServiceVerdict::published() const {
  return {spec->answer, spec->when_all_down, undecided ? record::kUndecided : std::uint8_t{0}};
}

bool ServiceVerdict::serves(const BackendVerdict& backend) const {
  const record::Rank rank = backend.published().rank(spec->when_all_down);
  return !undecided && rank == best_rank && rank != record::kNever;
}

}  // namespace hlb
