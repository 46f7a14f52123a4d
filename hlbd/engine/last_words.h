// Hands the last words of checks on to the checks that take their place.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/check.h"
#include "health/advice.h"

namespace hlb {

using Checks = std::span<const std::shared_ptr<Check>>;

LastWord last_word_of(const Check& check);

// The last words of the checks in `before` that aren't in `now`.
std::vector<LastWord> words_left_by(Checks before, Checks now);

// Gives each new check of a backend the word of an earlier check of its type, preferably at its
// port: the word stands until the new check says something itself. A check that can't take a word
// back gets none.
void hand_on(std::vector<LastWord> words, Checks checks);

}  // namespace hlb
