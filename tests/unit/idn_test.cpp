// Internationalized hostnames and their ASCII form.
#include "text/idn.h"

#include <gtest/gtest.h>

#include <string>

namespace hlb::text {
namespace {

using namespace std::string_literals;

TEST(Idn, HasAnAsciiFormAsBrowsersAndCurlLookItUp) {
  EXPECT_EQ(idn_to_ascii("bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(idn_to_ascii("BÜCHER.Example."), "xn--bcher-kva.example.");
  EXPECT_EQ(idn_to_ascii("bu\u0308cher.example"), "xn--bcher-kva.example") << "u, then two dots";
  EXPECT_EQ(idn_to_ascii("straße.example"), "xn--strae-oqa.example");
  EXPECT_EQ(idn_to_ascii("_a.例え.テスト"), "_a.xn--r8jz45g.xn--zckzah");
}

TEST(Idn, HasNoneUnlessItIsAHostnameWithOtherLetters) {
  for (const std::string& text :
       {""s, "app.example"s, "xn--bcher-kva.example"s, "größe zwei"s, "é!"s, "b\xfc"s, "é\0"s,
        "http://bücher.example"s, "bücher/10.0.0.1"s, "a\u2100.example"s, "\u202e"s,
        std::string(64, 'a') + "é", std::string(10'000, '\xc3')}) {
    EXPECT_EQ(idn_to_ascii(text), std::nullopt) << text;
  }
}

TEST(Idn, IsShownAsPeopleWriteIt) {
  EXPECT_EQ(idn_to_unicode("xn--bcher-kva.example"), "bücher.example");
  EXPECT_EQ(idn_to_unicode("app.example"), std::nullopt);
  EXPECT_EQ(idn_to_unicode("xn--\xff.example"), std::nullopt);
}

}  // namespace
}  // namespace hlb::text
