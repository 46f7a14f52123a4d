// The order of stores: each turn of a small record, and each way in which a reader may come across
// it while it is stored.
#include "publish/store_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hlb {
namespace {

using publish::StoreOrder;
using record::BackendState;
using record::kNever;
using record::Rank;
using record::WhenAllDown;

using Words = std::vector<BackendState>;
using Answer = unsigned;  // a bit for each backend

// What stands in a record.
struct Instant {
  Words words;
  WhenAllDown rule;
};

class StoreOrderTest : public testing::Test {
 protected:
  static BackendState word(std::uint16_t priority, std::uint8_t flags) {
    return {priority, record::Family::ipv4, flags};
  }
  inline static const BackendState kDown = word(0, 0);
  inline static const BackendState kUp0 = word(0, record::kUp);
  inline static const BackendState kUp1 = word(1, record::kUp);
  inline static const BackendState kUp2 = word(2, record::kUp);
  inline static const BackendState kPanic0 = word(0, record::kPanic);
  inline static const BackendState kPanic1 = word(1, record::kPanic);
  inline static const BackendState kUpInPanic0 = word(0, record::kUp | record::kPanic);
  inline static const BackendState kDrained = word(0, record::kUp | record::kWithdrawn);

  static Rank rank(BackendState state, WhenAllDown rule, bool knows_panic) {
    if (knows_panic) return state.rank(rule);
    constexpr std::uint32_t kFlag = std::uint32_t{record::kPanic} << 24U;
    return BackendState(state.word() & ~kFlag).rank(rule);
  }

  static Answer answer(const Instant& seen, bool knows_panic = true) {
    Rank best = kNever;
    for (const BackendState each : seen.words)
      best = std::min(best, rank(each, seen.rule, knows_panic));
    Answer answer = 0;
    for (std::size_t i = 0; i < seen.words.size() && best != kNever; ++i) {
      if (rank(seen.words[i], seen.rule, knows_panic) == best) answer |= 1U << i;
    }
    return answer;
  }

  // All records of `count` backends with these states.
  static std::vector<Words> all(std::size_t count, const Words& states) {
    std::vector<Words> all = {{}};
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<Words> longer;
      for (const Words& each : all) {
        for (const BackendState state : states) {
          longer.push_back(each);
          longer.back().push_back(state);
        }
      }
      all = std::move(longer);
    }
    return all;
  }

  // What stands in the record from one store to the next; the count of changes goes up once.
  struct Turn {
    std::vector<Instant> before_count;
    std::vector<Instant> after_count;
  };

  static Turn turn(const Instant& before, const Instant& after) {
    StoreOrder order(before.rule, after.rule);
    for (std::size_t i = 0; i < before.words.size(); ++i)
      order.add(before.words[i], after.words[i]);
    Turn turn{{before}, {}};
    Instant now = before;
    const auto store = [&](bool first, std::vector<Instant>& instants) {
      for (std::size_t i = 0; i < now.words.size(); ++i) {
        if (before.words[i].word() == after.words[i].word()) continue;
        if (order.goes_first(before.words[i], after.words[i]) != first) continue;
        now.words[i] = after.words[i];
        instants.push_back(now);
      }
    };
    store(true, turn.before_count);
    now.rule = after.rule;
    turn.before_count.push_back(now);
    turn.after_count.push_back(now);
    store(false, turn.after_count);
    return turn;
  }

  // Calls `use` with all that a reader may see who reads the rule, and then one word after the
  // other, at any of these instants.
  template <typename Use>
  static void for_each_reading(const std::vector<Instant>& instants, const Use& use) {
    for (std::size_t i = 0; i < instants.size(); ++i)
      read_on(instants, i, {{}, instants[i].rule}, use);
  }

  // Whether a reader is answered rightly who comes by at any of these instants, given what is true
  // meanwhile.
  static bool is_right(const std::vector<Instant>& instants, const std::vector<Instant>& truths,
                       bool knows_panic = true) {
    Answer right = 0;
    bool always_some = true;
    for (const Instant& each : truths) {
      const Answer of_truth = answer(each, knows_panic);
      always_some = always_some && of_truth != 0;
      right |= of_truth;
    }
    bool is_right = true;
    for_each_reading(instants, [&](const Instant& seen) {
      const Answer given = answer(seen, knows_panic);
      if (always_some && given == 0) is_right = false;
      if (knows_panic && (given & ~right) != 0) is_right = false;
    });
    return is_right;
  }

  static std::string text_of(const Instant& instant) {
    std::string text = instant.rule == WhenAllDown::all ? "all:" : "fail:";
    for (const BackendState each : instant.words)
      text += ' ' + std::to_string(each.priority()) + '/' + std::to_string(each.word() >> 24U);
    return text + '\n';
  }

 private:
  template <typename Use>
  static void read_on(const std::vector<Instant>& instants, std::size_t from, const Instant& seen,
                      const Use& use) {
    if (seen.words.size() == instants.front().words.size()) return use(seen);
    for (std::size_t i = from; i < instants.size(); ++i) {
      Instant more = seen;
      more.words.push_back(instants[i].words[seen.words.size()]);
      read_on(instants, i, more, use);
    }
  }
};

TEST_F(StoreOrderTest, OfOneTurnShowsNobodyButThoseOfBeforeOrAfterAndNeverNobody) {
  const auto records = all(3, {kDown, kUp0, kUp1, kUp2, kPanic1});
  for (const WhenAllDown rule : {WhenAllDown::fail, WhenAllDown::all}) {
    for (const Words& from : records) {
      for (const Words& to : records) {
        const Instant before{from, rule};
        const Instant after{to, rule};
        const Turn turn = this->turn(before, after);
        EXPECT_TRUE(is_right(turn.before_count, {before, after}) &&
                    is_right(turn.after_count, {before, after}))
            << text_of(before) << text_of(after);
      }
    }
  }
}

TEST_F(StoreOrderTest, HoldsForAnotherRuleToo) {
  const auto records = all(2, {kDown, kUp0, kUp1, kUp2, kPanic0, kPanic1, kDrained});
  for (const Words& from : records) {
    for (const Words& to : records) {
      for (const WhenAllDown rule : {WhenAllDown::fail, WhenAllDown::all}) {
        const Instant before{from, rule};
        const Instant after{to, rule == WhenAllDown::all ? WhenAllDown::fail : WhenAllDown::all};
        const Turn turn = this->turn(before, after);
        EXPECT_TRUE(is_right(turn.before_count, {before, after}) &&
                    is_right(turn.after_count, {before, after}))
            << text_of(before) << text_of(after);
      }
    }
  }
}

// The count is the same from one turn's on until the next one's.
TEST_F(StoreOrderTest, HoldsFromOneTurnToTheNext) {
  const auto records = all(3, {kDown, kUp0, kUp1});
  for (const Words& first : records) {
    for (const Words& second : records) {
      for (const Words& third : records) {
        const std::vector<Instant> truths = {
            {first, WhenAllDown::fail}, {second, WhenAllDown::fail}, {third, WhenAllDown::fail}};
        std::vector<Instant> instants = turn(truths[0], truths[1]).after_count;
        const auto next = turn(truths[1], truths[2]).before_count;
        instants.insert(instants.end(), next.begin() + 1, next.end());
        EXPECT_TRUE(is_right(instants, truths))
            << text_of(truths[0]) << text_of(truths[1]) << text_of(truths[2]);
      }
    }
  }
}

// It answers those who are up, who come and go without another priority.
TEST_F(StoreOrderTest, ShowsSomebodyToAModuleThatKnowsNoPanic) {
  const auto records = all(3, {kDown, kUp0, kPanic0, kUpInPanic0, kDrained});
  for (const Words& from : records) {
    for (const Words& to : records) {
      const Instant before{from, WhenAllDown::fail};
      const Instant after{to, WhenAllDown::fail};
      const Turn turn = this->turn(before, after);
      EXPECT_TRUE(is_right(turn.before_count, {before, after}, false) &&
                  is_right(turn.after_count, {before, after}, false))
          << text_of(before) << text_of(after);
    }
  }
}

}  // namespace
}  // namespace hlb
