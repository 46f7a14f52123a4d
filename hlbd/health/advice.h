// Advice that a backend gives by itself, through an agent, a file or a status of HTTP: how it is
// revised, joined and kept. Pure.
//
// Advice stands beside the state and never changes it: an outcome passes, fails or abstains
// whatever advice comes with it.
//  - Each check keeps a standing advice, none at first, that every outcome revises; a part that an
//    outcome leaves out stays as it was. Only its giver takes advice back: an agent that has gone
//    leaves it standing, over reloads and restarts of hlbd, too, see LastWord.
//  - A backend with several checks is drained when any of them says so, and its weight is the
//    configured weight times the percentages of all, see weights.h.
//  - A drained backend keeps its state, but is left out of new answers.
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

// Strips advice of its defaults: ready, and all of the weight.
Advice notable(Advice advice);

// Joins the advice of two checks of a backend.
Advice together(const Advice& one, const Advice& other);

// The percentage of the weight that the advice leaves of `percent`, which another reason (a slow
// start) has left: 0 only if either is 0.
std::uint32_t percent_under(const Advice& advice, std::uint32_t percent);

// The last word of a check, which stands until the check says something else: kept over reloads and
// restarts. Checks are told apart by type and port: a reload may have changed all else of them.
struct LastWord {
  std::string check;  // its type, by name_of(CheckMethod)
  std::uint16_t port = 0;
  Advice advice;
  State state = State::unknown;  // the word of an agent or a file; other checks ask anew

  bool empty() const { return advice == Advice{} && state == State::unknown; }

  friend bool operator==(const LastWord&, const LastWord&) = default;
};

}  // namespace hlb
