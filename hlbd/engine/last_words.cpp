#include "engine/last_words.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "health/advice.h"
#include "health/check_spec.h"

namespace hlb {
namespace {

std::string_view type_name(const Check& check) {
  return name_of(check.spec().method);
}

// Whether no service uses the check as yet.
bool is_new(const Check& check) {
  return check.users.empty();
}

void set_word(Check& check, const LastWord& word) {
  check.advice = word.advice;
  if (check.is_told() && word.state != State::unknown) {
    check.judge = Judge(check.spec(), word.state);
  }
}

}  // namespace

LastWord last_word_of(const Check& check) {
  LastWord word{.check = std::string(type_name(check)),
                .port = check.target().port,
                .advice = notable(check.advice),
                .state = check.is_told() ? check.state() : State::unknown};
  return word;
}

std::vector<LastWord> words_left_by(Checks before, Checks now) {
  std::vector<LastWord> words;
  for (const auto& check : before) {
    if (std::ranges::find(now, check) == now.end()) words.push_back(last_word_of(*check));
  }
  return words;
}

void hand_on(std::vector<LastWord> words, Checks checks) {
  const auto give = [&](Check& check, const auto& fits) {
    const auto word = std::ranges::find_if(words, fits);
    if (word == words.end()) return false;
    set_word(check, *word);
    words.erase(word);
    return true;
  };
  std::vector<Check*> wanting;
  for (const auto& check : checks) {
    if (!is_new(*check) || !can_advise(check->spec())) continue;
    const bool given = give(*check, [&](const LastWord& word) {
      return word.check == type_name(*check) && word.port == check->target().port;
    });
    if (!given) wanting.push_back(check.get());
  }
  for (Check* check : wanting)
    give(*check, [&](const LastWord& word) { return word.check == type_name(*check); });
}

}  // namespace hlb
