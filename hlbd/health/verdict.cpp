#include "health/verdict.h"

namespace hlb {
namespace {

record::AnswerMode published(AnswerMode mode) {
  switch (mode) {
    case AnswerMode::one:
      return record::AnswerMode::one;
    case AnswerMode::all:
      return record::AnswerMode::all;
    case AnswerMode::spread:
      break;
  }
  return record::AnswerMode::spread;
}

record::WhenAllDown published(WhenAllDown rule) {
  switch (rule) {
    case WhenAllDown::all:
      return record::WhenAllDown::all;
    case WhenAllDown::next:
      return record::WhenAllDown::next;
    case WhenAllDown::fail:
      break;
  }
  return record::WhenAllDown::fail;
}

}  // namespace

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
  return {hlb::published(spec->answer), hlb::published(spec->when_all_down),
          undecided ? record::kUndecided : std::uint8_t{0}};
}

bool ServiceVerdict::serves(const BackendVerdict& backend) const {
  const record::Rank rank = backend.published().rank(hlb::published(spec->when_all_down));
  return !undecided && rank == best_rank && rank != record::kNever;
}

}  // namespace hlb
