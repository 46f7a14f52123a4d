#include "state/saved_states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <net/if.h>

namespace hlb {

bool operator==(const SavedState& one, const SavedState& other) {
  return one.service == other.service && one.backend == other.backend && one.state == other.state &&
         one.since == other.since;
}
std::ostream& operator<<(std::ostream& out, const SavedState& state) {
  return out << state.service << "/" << state.backend.to_string();
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using namespace std::chrono_literals;

const std::string kBoot = "0123456789abcdef0123456789abcdef";
const std::string kNextBoot = "fedcba9876543210fedcba9876543210";
constexpr WallTime kNoon{1'764'000'000'000ms};
const Moment kWritten{kBoot, 5000s, kNoon};

// What the clocks say so much later; `jump`: the wall clock was set meanwhile.
Moment later(std::chrono::milliseconds time, std::chrono::milliseconds jump = 0ms) {
  return {kBoot, 5000s + time, kNoon + time + jump};
}

Address address(std::string_view text) {
  return Address::parse(text).value();
}

std::string text_of(const std::vector<SavedState>& states, const Moment& now = kWritten) {
  StateEncoder encoder(now);
  for (const SavedState& each : states)
    encoder.add(each.service, each.backend, each.state, each.since);
  return std::move(encoder).finish();
}

const SavedState kUp{"app.local", address("10.0.0.1"), State::up, kNoon - 1h};
const SavedState kDown{"app.local", address("fd99::1"), State::down, kNoon - 2s};

std::vector<SavedState> states_in(std::string_view text, const Moment& now = later(1s)) {
  const auto decoded = decode_states(text, now);
  if (decoded) return decoded->all();
  ADD_FAILURE() << decoded.error().reason;
  return {};
}

// Empty if there is none.
std::string fault_of(std::string_view text, const Moment& now = later(1s)) {
  const auto decoded = decode_states(text, now);
  return decoded ? "" : decoded.error().reason;
}

// A text with this in the place of the list of backends.
std::string with_backends(const std::string& list) {
  return StateEncoder::head(kWritten) + list + "]}";
}

TEST(SavedStates, AreReadAsTheyWereWritten) {
  EXPECT_THAT(states_in(text_of({kUp, kDown})), ElementsAre(kUp, kDown));
  EXPECT_THAT(states_in(text_of({})), IsEmpty());
}

TEST(SavedStates, AreWrittenAsTheHeaderSays) {
  EXPECT_EQ(text_of({kUp, kDown}),
            "{\"version\":1,\"boot_id\":\"0123456789abcdef0123456789abcdef\","
            "\"boottime_ms\":        5000000,\"wall_ms\":  1764000000000,\"backends\":[\n"
            "{\"service\":\"app.local\",\"address\":\"10.0.0.1\",\"state\":\"up\","
            "\"since_ms\":1763996400000},\n"
            "{\"service\":\"app.local\",\"address\":\"fd99::1\",\"state\":\"down\","
            "\"since_ms\":1763999998000}\n"
            "]}\n");
}

TEST(SavedStates, LeaveOutWhatIsUnknown) {
  EXPECT_THAT(states_in(text_of({{"a.b", address("::1"), State::unknown, kNoon}, kUp})),
              ElementsAre(kUp));
}

TEST(SavedStates, KeepInterfacesApart) {
  const SavedState loopback{"a.b", address("fe80::1%lo"), State::up, kNoon};
  EXPECT_THAT(states_in(text_of({loopback})), ElementsAre(loopback));
}

TEST(SavedStates, EscapeTheNameOfAnInterface) {
  StateEncoder encoder(kWritten);
  encoder.add("a\"\\\n\xff.b", address("::1"), State::up, kNoon);
  EXPECT_EQ(states_in(std::move(encoder).finish()).at(0).service, "a\"\\\n\xef\xbf\xbd.b");
}

TEST(SavedStates, LeaveOutABackendWhoseInterfaceIsGone) {
  EXPECT_THAT(states_in(with_backends(R"({"service":"a","address":"fe80::1%gone","state":"up",
      "since_ms":1}, {"service":"app.local","address":"10.0.0.1","state":"up",
      "since_ms":1763996400000})")),
              ElementsAre(kUp));
}

TEST(SavedStates, IgnoreWhatALaterHlbdHasToSay) {
  EXPECT_THAT(states_in(with_backends(R"({"service":"app.local","address":"10.0.0.1","state":"up",
      "since_ms":1763996400000,"override":{"state":"down","by":["me"]},"note":null}],
      "more":{"service":"x","version":7},"list":[1,[2]],"other":[0.5)")),
              ElementsAre(kUp));
}

TEST(SavedStates, AreFoundByServiceAndAddress) {
  const SavedStates states({kDown, kUp, {"b.local", kUp.backend, State::down, kNoon}});
  EXPECT_EQ(states.find("app.local", kUp.backend)->state, State::up);
  EXPECT_EQ(states.find("app.local", kDown.backend)->since, kDown.since);
  EXPECT_EQ(states.find("b.local", kUp.backend)->state, State::down);
  EXPECT_EQ(states.find("b.local", kDown.backend), nullptr);
  EXPECT_EQ(states.find("c.local", kUp.backend), nullptr);
  EXPECT_EQ(SavedStates().find("app.local", kUp.backend), nullptr);
}

// ---- words -------------------------------------------------------------------------------------

class SavedWords : public testing::Test {
 protected:
  static std::string text_of_words(const std::vector<LastWord>& words) {
    StateEncoder encoder(kWritten);
    encoder.add(kUp.service, kUp.backend, kUp.state, kUp.since);
    for (const LastWord& each : words)
      encoder.add(kUp.service, kUp.backend, each);
    return std::move(encoder).finish();
  }

  // Those of kUp, which must be read beside them.
  static std::vector<LastWord> words_in(std::string_view text) {
    EXPECT_THAT(states_in(text), ElementsAre(kUp));
    const auto decoded = decode_states(text, later(1s));
    if (!decoded) return {};
    EXPECT_THAT(decoded->words_of("other.local", kUp.backend), IsEmpty());
    EXPECT_THAT(decoded->words_of(kUp.service, kDown.backend), IsEmpty());
    return decoded->words_of(kUp.service, kUp.backend);
  }

  // With these in the place of the words.
  static std::vector<LastWord> words_of_list(const std::string& list) {
    std::string text = text_of({kUp});
    text.replace(text.rfind("}"), 1, R"(,"words":)" + list + "}");
    return words_in(text);
  }

  static constexpr const char* kAbout =
      R"({"service":"app.local","address":"10.0.0.1","check":"agent","port":9777)";
  const LastWord drained_{"agent", 9777, {std::nullopt, true}, State::unknown};
  const LastWord down_{"agent", 9777, {50, true}, State::down};
};

TEST_F(SavedWords, AreReadAsTheyWereWrittenInTheirOrder) {
  const LastWord ready{"agent", 0, {0, false}, State::up};
  const LastWord file{"file", 0, {kMaxWeightPercent, std::nullopt}, State::unknown};
  EXPECT_THAT(words_in(text_of_words({down_, ready, file})), ElementsAre(down_, ready, file));
}

TEST_F(SavedWords, AreWrittenAsTheHeaderSays) {
  const std::string text = text_of_words({drained_});
  EXPECT_THAT(text, testing::EndsWith("],\"words\":[\n"
                                      "{\"service\":\"app.local\",\"address\":\"10.0.0.1\","
                                      "\"check\":\"agent\",\"port\":9777,\"drained\":true}\n"
                                      "]}\n"));
}

TEST_F(SavedWords, CostNothingWhereNobodyHasSaidAny) {
  EXPECT_EQ(text_of_words({{"agent", 9777, {}, State::unknown}}), text_of({kUp}));
}

TEST_F(SavedWords, OfABackendWithoutAStateAreKept) {
  StateEncoder encoder(kWritten);
  encoder.add("a.b", kUp.backend, drained_);
  const auto decoded = decode_states(std::move(encoder).finish(), later(1s));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_THAT(decoded->words_of("a.b", kUp.backend), ElementsAre(drained_));
}

TEST_F(SavedWords, LoseWhatMakesNoSenseAndNothingElse) {
  const std::string about = kAbout;
  EXPECT_THAT(words_of_list("[" + about + R"(,"drained":true,"weight_percent":1001}])"),
              ElementsAre(drained_));
  EXPECT_THAT(words_of_list("[" + about + R"(,"drained":true,"weight_percent":-1}])"),
              ElementsAre(drained_));
  EXPECT_THAT(words_of_list("[" + about + R"(,"drained":true,"state":"sideways"}])"),
              ElementsAre(drained_));
  EXPECT_THAT(words_of_list("[" + about + R"(,"drained":true,"state":{"state":"down"}}])"),
              ElementsAre(drained_));
  EXPECT_THAT(words_of_list("[" + about + R"(,"drained":"true","state":"down"}])"),
              ElementsAre(LastWord{"agent", 9777, {}, State::down}));
  EXPECT_THAT(
      words_of_list("[1, null, [" + about + "}], {}, " + about + R"(,"drained":true}, ""])"),
      ElementsAre(drained_));
}

TEST_F(SavedWords, ThatMakeNoSenseAtAllAreNone) {
  for (const char* list : {"7", "null", "{}", "[]", "[[]]", R"({"service":"app.local"})",
                           R"([{"service":"app.local","address":"10.0.0.1","drained":true}])",
                           R"([{"service":"app.local","address":"10.0.0","check":"agent"}])",
                           R"([{"service":7,"address":"10.0.0.1","check":"agent"}])"})
    EXPECT_THAT(words_of_list(list), IsEmpty()) << list;
}

TEST_F(SavedWords, WithABrokenByteCostAtMostTheWhole) {
  const std::string text = text_of_words({drained_, down_});
  for (std::size_t at = text.find("words"); at < text.size(); ++at) {
    for (const char byte : {'\0', '"', '{', '[', '}', '7', '\xff'}) {
      std::string broken = text;
      broken[at] = byte;
      const auto decoded = decode_states(broken, later(1s));
      if (!decoded) continue;
      EXPECT_THAT(decoded->all(), ElementsAre(kUp)) << at;
      EXPECT_LE(decoded->words_of(kUp.service, kUp.backend).size(), 2U) << at;
    }
  }
}

TEST_F(SavedWords, AtAPortThatIsNoneAreOfNoPort) {
  EXPECT_THAT(words_of_list(R"([{"service":"app.local","address":"10.0.0.1","check":"agent",
      "port":70000,"drained":true}])"),
              ElementsAre(LastWord{"agent", 0, {std::nullopt, true}, State::unknown}));
}

// ---- age ---------------------------------------------------------------------------------------

TEST(StateAge, MayBeAMinute) {
  EXPECT_EQ(fault_of(text_of({kUp}), later(0s)), "");
  EXPECT_EQ(fault_of(text_of({kUp}), later(60s)), "");
  EXPECT_EQ(fault_of(text_of({kUp}), later(61s)), "is 61 s old, over 60 s");
  EXPECT_EQ(fault_of(text_of({kUp}), later(24h)), "is 86400 s old, over 60 s");
}

TEST(StateAge, HeedsNoJumpOfTheWallClockWithinABoot) {
  EXPECT_EQ(fault_of(text_of({kUp}), later(30s, 24h)), "");
  EXPECT_EQ(fault_of(text_of({kUp}), later(30s, -24h)), "");
  EXPECT_EQ(fault_of(text_of({kUp}), later(61s, -61s)), "is 61 s old, over 60 s");
}

TEST(StateAge, IsByTheWallClockAfterAReboot) {
  EXPECT_EQ(fault_of(text_of({kUp}), {kNextBoot, 3s, kNoon + 40s}), "");
  EXPECT_EQ(fault_of(text_of({kUp}), {kNextBoot, 3s, kNoon + 61s}), "is 61 s old, over 60 s");
  EXPECT_EQ(fault_of(text_of({kUp}), {kNextBoot, 9000s, kNoon - 1ms}), "is from the future");
}

TEST(StateAge, IsNotToldByTheClockOfAnUnknownBoot) {
  const std::string text = text_of({kUp}, {"", 5000s, kNoon});
  EXPECT_EQ(fault_of(text, {"", 5001s, kNoon + 2h}), "is 7200 s old, over 60 s");
}

TEST(StateAge, CannotBeOfTheFuture) {
  EXPECT_EQ(fault_of(text_of({kUp}), later(-1ms)), "is from the future");
}

TEST(StateAge, IsToldByALaterHeadInTheSamePlace) {
  std::string text = text_of({kUp, kDown});
  const std::string head = StateEncoder::head(later(3600s));
  ASSERT_EQ(head.size(), StateEncoder::head(kWritten).size());
  text.replace(0, head.size(), head);
  EXPECT_THAT(states_in(text, later(3601s)), ElementsAre(kUp, kDown));
}

// ---- flaws -------------------------------------------------------------------------------------

TEST(StateFlaw, MakesTheWholeOfNoUse) {
  const std::string state = R"({"service":"a.b","address":"::1","state":"up","since_ms":1})";
  ASSERT_EQ(fault_of(with_backends(state)), "");
  const std::string not_states = "holds something else than states";
  EXPECT_EQ(fault_of(with_backends(state + ",1")), not_states);
  EXPECT_EQ(fault_of(with_backends(state + ",[]")), not_states);
  EXPECT_EQ(fault_of(with_backends(state + ",{}")), not_states);
  EXPECT_EQ(fault_of(with_backends(R"({"service":1,"address":"::1","state":"up","since_ms":1})")),
            not_states);
  EXPECT_EQ(
      fault_of(with_backends(R"({"service":"","address":"::1","state":"up","since_ms":"1"})")),
      not_states);
  EXPECT_EQ(fault_of(with_backends(R"({"service":"","address":"::1","state":"no","since_ms":1})")),
            "holds a state that is neither up nor down");
}

TEST(StateFlaw, IsAnotherVersion) {
  EXPECT_EQ(fault_of(R"({"version":2,"backends":[0]})"), "is of version 2, not 1");
  EXPECT_EQ(fault_of(R"({"version":0})"), "is of version 0, not 1");
  EXPECT_EQ(fault_of(R"({"version":"1","backends":[]})"), "holds no states");
}

TEST(StateFlaw, IsAHeadThatTellsNoTime) {
  const std::string no_time = "doesn't say when it was written";
  EXPECT_EQ(fault_of(R"({"version":1,"backends":[]})"), no_time);
  EXPECT_EQ(fault_of(R"({"version":1,"boot_id":"","boottime_ms":1,"backends":[]})"), no_time);
  EXPECT_EQ(fault_of(R"({"version":1,"boot_id":"","boottime_ms":1,"wall_ms":0.5,"backends":[]})"),
            no_time);
  EXPECT_EQ(fault_of(R"({"version":1,"boot_id":null,"boottime_ms":1,"wall_ms":1,"backends":[]})"),
            no_time);
}

TEST(StateFlaw, IsATimeThatNoClockTells) {
  const auto at = [](const std::string& boottime) {
    return R"({"version":1,"boot_id":")" + kBoot + R"(","wall_ms":1,"boottime_ms":)" + boottime +
           R"(,"backends":[]})";
  };
  EXPECT_EQ(fault_of(at("9223372036854775807")), "is from the future");
  EXPECT_THAT(fault_of(at("-9223372036854775808")), StartsWith("is "));
  EXPECT_EQ(fault_of(at("18446744073709551615")), "doesn't say when it was written");
  EXPECT_EQ(fault_of(at("1e5")), "doesn't say when it was written");
}

TEST(StateFlaw, IsWhatIsNoJson) {
  for (const char* text : {"", "{", "states", "\0\0\0", "\xff\xfe", "{\"version\":1,}", "[1] 2"})
    EXPECT_EQ(fault_of(text), "is no JSON, or only a part of it") << text;
  for (const char* text : {"[]", "1", "null", "{}", "\"version\"", "[{\"version\":1}]"})
    EXPECT_EQ(fault_of(text), "holds no states") << text;
}

TEST(StateFlaw, IsEachPlaceWhereTheTextIsCutShort) {
  std::string text = text_of({kUp, kDown});
  text.pop_back();  // the newline
  for (std::size_t size = 0; size < text.size(); ++size)
    ASSERT_EQ(fault_of(text.substr(0, size)), "is no JSON, or only a part of it") << size;
}

TEST(StateFlaw, IsEachPlaceFromWhichOnThereAreZeros) {
  const std::string text = text_of({kUp, kDown});
  for (std::size_t size = 0; size < text.size() - 1; ++size) {
    std::string torn = text;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(size), torn.end(), '\0');
    ASSERT_NE(fault_of(torn), "") << size;
  }
}

TEST(StateFlaw, IsNestingThatNobodyNeeds) {
  EXPECT_EQ(fault_of(std::string(1'000'000, '[')), "nests too deeply");
  EXPECT_EQ(fault_of("{\"version\":1,\"a\":" + std::string(1'000'000, '[')), "nests too deeply");
}

}  // namespace
}  // namespace hlb
