// Text from outside, made fit to be shown.
#include "text/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace hlb::text {
namespace {

TEST(Printable, EscapesAllButPrintableAscii) {
  EXPECT_EQ(printable("a\n\t\\\x01\x7f\xc3\xa4", 100), R"(a\n\t\\\x01\x7f\xc3\xa4)");
}

TEST(Printable, IsCutBeforeAnEscapeThatDoesNotFit) {
  EXPECT_EQ(printable("abc\n", 4), "abc");
  EXPECT_EQ(printable("abc\n", 5), R"(abc\n)");
}

TEST(Readable, LeavesUtf8AsItIs) {
  EXPECT_EQ(readable("Größe \\d 日本 🙂", 100), "Größe \\d 日本 🙂");
}

TEST(Readable, EscapesWhatDoesMoreThanShow) {
  EXPECT_EQ(readable("a\x1b[31m\r\n", 100), R"(a\x1b[31m\r\n)");
  EXPECT_EQ(readable("\xc2\x9b"
                     "31m",
                     100),
            R"(\xc2\x9b31m)");  // U+009B, CSI
  EXPECT_EQ(readable("a\xe2\x80\xae"
                     "b",
                     100),
            R"(a\xe2\x80\xaeb)");  // U+202E
  EXPECT_EQ(readable("a\xe2\x81\xa6"
                     "b\xe2\x80\xa8",
                     100),
            R"(a\xe2\x81\xa6b\xe2\x80\xa8)");
}

TEST(Readable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(readable("\xff\xc3", 100), R"(\xff\xc3)");
  EXPECT_EQ(readable("\xc0\xaf", 100), R"(\xc0\xaf)");          // "/" written too long
  EXPECT_EQ(readable("\xed\xa0\x80", 100), R"(\xed\xa0\x80)");  // a surrogate
  EXPECT_EQ(readable("\xf4\x90\x80\x80", 100), R"(\xf4\x90\x80\x80)");
}

TEST(Readable, IsNeverCutWithinACharacter) {
  EXPECT_EQ(readable("aä", 2), "a...");
  EXPECT_EQ(readable("aä", 3), "aä");
}

}  // namespace
}  // namespace hlb::text
