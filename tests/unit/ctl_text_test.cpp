#include "ctl/terminal/text.h"

#include <vector>

#include "ctl_text.h"

namespace hlb::ctl {
namespace {

class Text : public CtlOutput {};

std::vector<std::string> lines(const Styled& text, std::size_t columns,
                               std::size_t longest_word = 0) {
  std::vector<std::string> all;
  for (const Styled& line :
       text.wrap({.first = columns, .further = columns, .longest_word = longest_word}))
    all.push_back(plain(line));
  return all;
}

using Lines = std::vector<std::string>;

TEST_F(Text, ShowsLettersOfAnyAlphabetAndNothingThatMovesTheCursor) {
  EXPECT_EQ(printable("HTTP 200"), "HTTP 200");
  EXPECT_EQ(printable("größer 東京"), "größer 東京");
  EXPECT_EQ(printable("\x1b[2J\a\r\n\x7f"), "?[2J????");
  EXPECT_EQ(printable("\xc2\x9b\xff\xc3"), "???");  // CSI of 8 bits, and what is no UTF-8
}

TEST_F(Text, OfALocaleWithoutUnicodeIsShownWithoutIt) {
  std::setlocale(LC_CTYPE, "C");
  EXPECT_EQ(printable("a\xc3\xb6z"), "a??z");
}

TEST_F(Text, IsAsWideAsTheTerminalShowsIt) {
  EXPECT_EQ(width("abc"), 3U);
  EXPECT_EQ(width("▁█"), 2U);
  EXPECT_EQ(width("東京"), 4U);
}

TEST_F(Text, WrapsBetweenWords) {
  EXPECT_EQ(lines("one two three", 9), (Lines{"one two", "three"}));
  EXPECT_EQ(lines("one two three", 13), Lines{"one two three"});
  EXPECT_EQ(lines("one  two", 8), Lines{"one  two"});
}

TEST_F(Text, BreaksAWordThatIsLongerThanALine) {
  EXPECT_EQ(lines("a 12345678", 4), (Lines{"a", "1234", "5678"}));
  EXPECT_EQ(lines("a\u0301b\u0301c\u0301", 2), (Lines{"a\u0301b\u0301", "c\u0301"}));
}

TEST_F(Text, LeavesAWordWholeThatMayBeAsLong) {
  EXPECT_EQ(lines("a 12345678 b", 4, 8), (Lines{"a", "12345678", "b"}));
  EXPECT_EQ(lines("a 123456789 b", 4, 8), (Lines{"a", "12345678", "9 b"}));
}

TEST_F(Text, WrapsBeforeCharactersOfEastAsia) {
  EXPECT_EQ(lines("東京東京東", 4), (Lines{"東京", "東京", "東"}));
  EXPECT_EQ(lines("東京東京東", 5, 100), (Lines{"東京", "東京", "東"}));
  EXPECT_EQ(lines("ab 東c 京", 5), (Lines{"ab", "東c", "京"}));
}

TEST_F(Text, MayHaveLessRoomOnFurtherLines) {
  const auto wrapped = Styled("one two three").wrap({.first = 9, .further = 5});
  ASSERT_EQ(wrapped.size(), 2U);
  EXPECT_EQ(plain(wrapped[0]), "one two");
  EXPECT_EQ(plain(wrapped[1]), "three");
}

TEST_F(Text, IsNotBrokenWhereItsStyleChangesInsideOfAWord) {
  const Styled text = Styled("by alice", Style::magenta).add("; refused");
  EXPECT_EQ(lines(text, 9), (Lines{"by alice;", "refused"}));
  EXPECT_EQ(lines(text, 8), (Lines{"by", "alice;", "refused"}));
}

TEST_F(Text, KeepsItsStyleOverLines) {
  const auto wrapped = Styled("red red red", Style::red).wrap({.first = 7, .further = 7});
  ASSERT_EQ(wrapped.size(), 2U);
  EXPECT_EQ(coloured(wrapped[0]), "\x1b[31mred red\x1b[0m");
  EXPECT_EQ(coloured(wrapped[1]), "\x1b[31mred\x1b[0m");
}

TEST_F(Text, UsesNoColoursButThoseThatCanBeReadOnAnyGround) {
  EXPECT_EQ(coloured(Styled("a", Style::bold)), "\x1b[1ma\x1b[0m");
  EXPECT_EQ(coloured(Styled("a", Style::green)), "\x1b[32ma\x1b[0m");
  EXPECT_EQ(coloured(Styled("a", Style::magenta)), "\x1b[35ma\x1b[0m");
  EXPECT_EQ(coloured("a"), "a");
}

}  // namespace
}  // namespace hlb::ctl
