// What becomes of the advice that a backend gives by itself, through an agent, a file or a status
// of HTTP. Pure.
//
// Advice stands beside the state and never changes it: an outcome passes, fails or abstains
// whatever advice comes with it.
//  - Each check keeps a standing advice, none at first, that every outcome revises; what isn't said
//    stays as it was. Only who said it takes it back: an agent that has gone leaves it standing,
//    over reloads and restarts of hlbd, too, see LastWord.
//  - A backend with several checks is drained when one of them says so, and its weight is the
//    configured one times the percentages of all, see weights.h.
//  - A drained backend keeps its state, but no new answer has it.
#pragma once

#include <cstdint>
#include <string>

#include "health/check_spec.h"
#include "health/machine.h"
#include "health/outcome.h"

namespace hlb {

// Whether such a check can give advice, and so take it back.
bool can_advise(const CheckSpec& check);

// The standing advice of a check after `latest`.
Advice revised(Advice standing, const Advice& latest);

// The same, without what is so where nothing is said: ready, and all of the weight.
Advice notable(Advice advice);

// The advice of two checks of one backend as one.
Advice together(const Advice& one, const Advice& other);

// `percent` of the weight, for another reason (a slow start), and what the advice leaves of it: 0
// only if one of them is 0.
std::uint32_t percent_under(const Advice& advice, std::uint32_t percent);

// The last word of a check, which stands until the check says something else: kept over reloads and
// restarts. Checks are told apart by type and port: a reload may have changed all else of them.
struct LastWord {
  std::string check;  // its type, by name_of(CheckMethod)
  std::uint16_t port = 0;
  Advice advice;
  State state = State::unknown;  // of an agent or a file, whose word it is; other checks ask anew

  bool empty() const { return advice == Advice{} && state == State::unknown; }

  friend bool operator==(const LastWord&, const LastWord&) = default;
};

}  // namespace hlb
