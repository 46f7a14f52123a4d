// What checks said last, from those that were to those that take their place.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/check.h"
#include "health/advice.h"

namespace hlb {

using Checks = std::span<const std::shared_ptr<Check>>;

LastWord last_word_of(const Check& check);

// Those of checks that are not in use any more.
std::vector<LastWord> words_left_by(Checks before, Checks now);

// Gives each of a backend's checks that is new the word of one that was of its type, at its port
// if there is such a one: it stands until the check has said something itself. A check that can't
// take a word back gets none.
void hand_on(std::vector<LastWord> words, Checks checks);

}  // namespace hlb
