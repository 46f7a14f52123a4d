// Texts that are not TOML, or that the TOML library must not be given.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/guard.h"
#include "tests/unit/config_parsing.h"

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using namespace std::string_literals;

constexpr char kDeep[] = "nested too deeply; no key here needs more than 8 brackets or dots";
constexpr char kNotAscii[] = "a character outside ASCII stands here; use it in comments only";
constexpr char kNoName[] = "a table header needs a name here, as in [daemon] or [[service]]";
constexpr char kParsing[] = "invalid TOML: error while parsing ";
constexpr char kQuoteIt[] = "; strings, addresses and durations stand in quotes";
constexpr char kEndQuote[] = "; a string ends with its quote on the same line";

struct BrokenSyntax {
  std::string text;
  std::string fault;  // behind "hlbd.toml:"
};

std::ostream& operator<<(std::ostream& out, const BrokenSyntax& row) {
  return out << row.fault;
}

class SyntaxFault : public testing::TestWithParam<BrokenSyntax> {};

TEST_P(SyntaxFault, IsReportedWithItsPlace) {
  EXPECT_THAT(faults_of(parse_config(GetParam().text)),
              ElementsAre("hlbd.toml:" + GetParam().fault));
}

INSTANTIATE_TEST_SUITE_P(
    Toml, SyntaxFault,
    testing::Values(
        BrokenSyntax{"[daemon]\nlog_level\n",
                     "2:10: "s + kParsing + R"(key-value pair: expected '=', saw '\n')"},
        BrokenSyntax{"[daemon]\nmax_stale = 2s\n",
                     "2:14: "s + kParsing + "decimal integer: expected digit, saw 's'" + kQuoteIt},
        BrokenSyntax{"[[service]]\nname = 127.0.0.1\n",
                     "2:13: "s + kParsing +
                         "floating-point: expected decimal digit or exponent, saw '.'" + kQuoteIt},
        BrokenSyntax{"[[service]]\nname = app\n",
                     "2:8: "s + kParsing + "value: could not determine value type" + kQuoteIt},
        BrokenSyntax{"[[service]]\nsubdomains = tru\n",
                     "2:17: "s + kParsing + R"(boolean: expected 'true', saw 'tru\n')" + kQuoteIt},
        BrokenSyntax{
            "[[service]]\nname = \"app\n",
            "2:12: "s + kParsing +
                "string: unescaped control characters other than TAB (U+0009) are explicitly "
                "prohibited" +
                kEndQuote},
        BrokenSyntax{
            "[[service]]\nname = \"a\"\nname = \"b\"\n",
            "3:8: "s + kParsing + "key-value pair: cannot redefine existing string 'name'"},
        BrokenSyntax{"[[service]]\nbackends = [\"10.0.0.1\"\n[service.check]\n",
                     "3:1: "s + kParsing + "array: expected comma or closing ']', saw '['"},
        BrokenSyntax{
            "[service]\n[[service]]\n",
            "2:1: "s + kParsing +
                "table header: cannot redefine existing table 'service' as array-of-tables"},
        BrokenSyntax{"# one\r\n[daemon]\r\nlog_level\r\n",
                     "3:10: "s + kParsing + R"(key-value pair: expected '=', saw '\r')"}));

INSTANTIATE_TEST_SUITE_P(
    Bytes, SyntaxFault,
    testing::Values(
        BrokenSyntax{
            "[daemon]\n# caf\xe9\n",
            "2:5: invalid TOML: encountered invalid utf-8 sequence; save the file as UTF-8"},
        BrokenSyntax{
            "[daemon]\nlog_level = \"in\0fo\"\n"s,
            "2:16: "s + kParsing +
                "string: unescaped control characters other than TAB (U+0009) are explicitly "
                "prohibited" +
                kEndQuote},
        BrokenSyntax{
            "[daemon]\n\0"s,
            "2:1: "s + kParsing +
                R"(root table: expected keys, tables, whitespace or comments, saw '\u0000')"},
        BrokenSyntax{
            "\x7f\x45LF\x02\x01",
            "1:1: "s + kParsing +
                R"(root table: expected keys, tables, whitespace or comments, saw '\u007F')"},
        BrokenSyntax{"\xef\xbb\xbf\n= 1",
                     "2:1: "s + kParsing +
                         "root table: expected keys, tables, whitespace or comments, saw '='"},
        // What toml++ 3.3 believes can't come.
        BrokenSyntax{"[daemon]\n[ \t]\n", "2:4: "s + kNoName},
        BrokenSyntax{"\n  [\n", "2:4: "s + kNoName},
        BrokenSyntax{"[a]\n[[[b]]]\n", "2:3: "s + kNoName},
        BrokenSyntax{"# é\n['a'] # é\n  [\x1b]", "3:4: "s + kNoName},
        BrokenSyntax{"[[[[[[[[[[[[", "1:3: "s + kNoName},
        // What would run into undefined behaviour in toml++ 3.3.
        BrokenSyntax{"# é\na = \u00a7\n", "2:5: "s + kNotAscii},
        BrokenSyntax{"a = 'é!'\n",
                     "1:6: "s + kNotAscii},  // Here it looks ahead over the character,
                                             // though the quote in front is a fault already.
        BrokenSyntax{"a = 1\"\ufefb", "1:6: "s + kParsing +
                                          R"(decimal integer: expected digit, saw '"')" + kQuoteIt},
        BrokenSyntax{"s = \"\"\"\\\n\u00a7\"\"\"\n", "2:1: "s + kNotAscii}));

constexpr char kUtf16[] = "1:1: the file is in UTF-16; save it as UTF-8, as iconv -f UTF-16 does";

INSTANTIATE_TEST_SUITE_P(
    Encodings, SyntaxFault,
    testing::Values(
        BrokenSyntax{"\xff\xfe[\0d\0a\0]\0"s, kUtf16},
        BrokenSyntax{"\xfe\xff\0[\0d\0a\0]"s, kUtf16},
        BrokenSyntax{"[[service]]\nname = \"Bücher.example\"\n",
                     "2:10: "s + kNotAscii +
                         R"(; the hostname "Bücher.example" is written "xn--bcher-kva.example")"},
        BrokenSyntax{"[[service]]\naliases = ['straße.example', 'b']\n",
                     "2:17: "s + kNotAscii +
                         R"(; the hostname "straße.example" is written "xn--strae-oqa.example")"},
        BrokenSyntax{"[[service]]\nname = \"b\xfc.example\"\n", "2:10: "s + kNotAscii},
        BrokenSyntax{"[[service]]\nname = \"größe der Zahl\"\n", "2:11: "s + kNotAscii}));

INSTANTIATE_TEST_SUITE_P(
    Nesting, SyntaxFault,
    testing::Values(BrokenSyntax{"a.b.c.d.e.f.g.h.i = 1\n", "1:16: "s + kDeep},
                    BrokenSyntax{"[a.'.'.\"]\".d.e.f.g.h.i]\n", "1:21: "s + kDeep},
                    BrokenSyntax{"# é\nb = [[[[[[[[[1]]]]]]]]]\n", "2:13: "s + kDeep},
                    BrokenSyntax{"b = [[[[[[[[[1]]]]]]]]", "1:13: "s + kDeep},
                    // The fault is the bracket further up, not the nesting that comes of it.
                    BrokenSyntax{
                        "x = [\n[[a]]\n[[[[[[[[[c]]\n",
                        "2:3: "s + kParsing + "value: could not determine value type" + kQuoteIt}));

TEST(ConfigGuard, LetsPassWhatNestsAsDeeplyAsIsAllowed) {
  EXPECT_FALSE(config::refuse("a.b.c.d.e.f.g.h = [[[[[[[[1.5, 2.5]]]]]]]]\n[[a]]\n[[b]]\n"));
}

TEST(ConfigGuard, CountsNothingInStringsAndComments) {
  EXPECT_FALSE(config::refuse(R"(a = "\"[[[[[[[[[[" # [[[[[[[[[[ é)"));
  EXPECT_FALSE(config::refuse("a = '[[[[[[[[[[\\' # ."));
  EXPECT_FALSE(config::refuse("a = \"\"\"\n[[[[[[[[[[ \\\"\"\" . \"\" \"\"\"\"\""));
  EXPECT_FALSE(config::refuse("a = '''\n[[[[[[[[[[ '' '''''\n"));
}

TEST(ConfigGuard, GoesOnBehindStringsAndComments) {
  const std::string deep = "x=[[[[[[[[[";
  for (const char* opaque :
       {R"('a\')", R"("\"")", R"("")", "'''''a'''", R"("""a""""")", "#\n", "'a\n"}) {
    const std::string before = opaque;
    const auto refusal = config::refuse(before + deep);
    ASSERT_TRUE(refusal) << before;
    EXPECT_EQ(refusal->offset, (before + deep).size() - 1) << before;
  }
}

class HugeNesting : public testing::TestWithParam<std::string> {};

TEST_P(HugeNesting, IsRefusedInsteadOfOverflowingTheStack) {
  std::string text = GetParam().substr(0, 2);
  while (text.size() < 1'000'000)
    text += GetParam().substr(2);
  EXPECT_THAT(faults_of(parse_config(text)), ElementsAre(HasSubstr(kDeep)));
}

// The first two characters once, the others again and again.
INSTANTIATE_TEST_SUITE_P(Config, HugeNesting,
                         testing::Values("[a.a", "[a .\"b\"", "[a\t.\t''", "a=[",
                                         "a={b=", "a={b.c=[", "a=[\n"));

TEST(ConfigFaults, AreReportedForAHundredPlacesOfOneFileAtMost) {
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += "key" + std::to_string(i) + " = 1\n";
  const auto faults = faults_of(parse_config(text));
  ASSERT_THAT(faults, SizeIs(101));
  EXPECT_EQ(faults.back(), "hlbd.toml: and 4900 more faults");
}

TEST(ConfigFaults, QuoteLongTextsShortlyAndOnOneLine) {
  const auto faults = faults_of(parse_config("\"a\\nb" + std::string(100'000, 'c') + "\" = 1"));
  ASSERT_THAT(faults, SizeIs(1));
  EXPECT_THAT(faults[0], HasSubstr("unknown key \"a\\nbccc"));
  EXPECT_THAT(faults[0], HasSubstr("c...\" in the file"));
  EXPECT_LT(faults[0].size(), 200U);
}

}  // namespace
}  // namespace hlb
