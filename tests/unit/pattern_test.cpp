#include "probes/pattern.h"

#include <gtest/gtest.h>

namespace hlb::probes {
namespace {

TEST(Pattern, ASubstringIsMeantAsItStands) {
  const Pattern pattern({.text = "a.c", .is_regex = false});
  EXPECT_TRUE(pattern.is_in("xa.cx"));
  EXPECT_FALSE(pattern.is_in("abc"));
  EXPECT_EQ(pattern.absence(), "has no \"a.c\"");
}

TEST(Pattern, ARegularExpressionMayMatchAnywhere) {
  const Pattern pattern({.text = R"re("status":\s*"(ok|up)")re", .is_regex = true});
  EXPECT_TRUE(pattern.is_in(R"({"status":  "up"})"));
  EXPECT_FALSE(pattern.is_in(R"({"status": "down"})"));
  const Pattern anchored({.text = "^ok$", .is_regex = true});
  EXPECT_TRUE(anchored.is_in("ok"));
  EXPECT_FALSE(anchored.is_in("not ok"));
  EXPECT_EQ(anchored.absence(), "doesn't match \"^ok$\"");
}

TEST(Pattern, ABodyOfAnyBytesIsSearched) {
  const Pattern pattern({.text = "ok", .is_regex = true});
  EXPECT_TRUE(pattern.is_in(std::string_view("\0\xff\xfe ok", 6)));
}

TEST(Pattern, AnExpressionThatIsNoneMatchesNothing) {
  EXPECT_FALSE(Pattern({.text = "(", .is_regex = true}).is_in("("));
}

TEST(Pattern, IsSettledByWhatNothingCanUndo) {
  const auto settled = [](const char* text, bool is_regex, std::string_view beginning) {
    return Pattern({.text = text, .is_regex = is_regex}).is_settled_by(beginning);
  };
  EXPECT_TRUE(settled("ok", false, "ok"));
  EXPECT_FALSE(settled("ok", false, "o"));
  EXPECT_TRUE(settled("o+k", true, "ook "));
  EXPECT_TRUE(settled("^ok\\b", true, "ok!"));
  EXPECT_FALSE(settled("^ok\\b", true, "ok"));
  EXPECT_FALSE(settled("^ok$", true, "ok"));
  EXPECT_FALSE(settled("(", true, "( "));
}

TEST(Patterns, ThatAreEqualAreSharedAsLongAsTheyAreUsed) {
  Patterns patterns;
  const BodyPattern ok{.text = "ok", .is_regex = true};
  const auto first = patterns.get(ok);
  EXPECT_EQ(patterns.get(ok), first);
  EXPECT_NE(patterns.get({.text = "ok", .is_regex = false}), first);
  EXPECT_EQ(patterns.get({}), nullptr);
}

TEST(Pattern, IsFoundAcrossWhatHasBeenSearched) {
  const Pattern pattern({.text = "healthy", .is_regex = false});
  const std::string text = "un" + std::string(100, 'h') + "healthy";
  for (std::size_t searched = 0; searched < text.size(); ++searched)
    EXPECT_TRUE(pattern.is_settled_by(text, searched)) << searched;
  EXPECT_FALSE(pattern.is_settled_by("health", 3));
}

TEST(Pattern, OfALongTextIsLookedForWhenThatHasGrown) {
  const Pattern text({.text = "ok", .is_regex = false});
  const Pattern regex({.text = "o+k", .is_regex = true});
  EXPECT_EQ(text.next_search(60'000), 60'001U);
  EXPECT_EQ(regex.next_search(100), 101U);
  EXPECT_EQ(regex.next_search(40'000), 50'000U);
}

}  // namespace
}  // namespace hlb::probes
