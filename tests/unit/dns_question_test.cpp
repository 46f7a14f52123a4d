// Questions to DNS that hlbctl asks itself, and any bytes whatever as a reply.
#include "ctl/import/dns_question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace hlb::ctl {
namespace {

using testing::ElementsAre;

Octets octets(std::string_view text) {
  return {text.begin(), text.end()};
}

Address address(const char* text) {
  return Address::parse(text).value();
}

TEST(DnsQuestion, HasTheNameAsLabels) {
  using namespace std::string_view_literals;
  EXPECT_EQ(make_question("a.bc", Address::Family::ipv6, 0x1234),
            octets("\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\2bc\0\0\x1c\0\1"sv));
}

// Of an alias with two addresses, to the question 7 for a.b.
Octets reply() {
  using namespace std::string_view_literals;
  return octets(
      "\0\7\x81\x80\0\1\0\3\0\0\0\0\1a\1b\0\0\1\0\1"
      "\xc0\x0c\0\5\0\1\0\0\0\0\0\4\1c\xc0\x0e"
      "\xc0\x1f\0\1\0\1\0\0\0\0\0\4\x0a\0\0\1"
      "\xc0\x1f\0\x1c\0\1\0\0\0\0\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"sv);
}

TEST(DnsReply, HasTheAddressesOfWhatTheNameIsAnAliasOf) {
  const auto answer = parse_answer(reply(), 7);
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->addresses, ElementsAre(address("10.0.0.1"), address("fd00::1")));
  EXPECT_FALSE(answer->is_cut);
}

TEST(DnsReply, IsNoneOfAnotherQuestionOrOfAQuestion) {
  EXPECT_FALSE(parse_answer(reply(), 8));
  EXPECT_FALSE(parse_answer(make_question("a.b", Address::Family::ipv4, 7), 7));
  EXPECT_FALSE(parse_answer({}, 7));
}

TEST(DnsReply, SaysThatThereIsMore) {
  Octets cut = reply();
  cut[2] |= 2U;
  EXPECT_TRUE(parse_answer(cut, 7)->is_cut);
}

TEST(DnsReply, IsReadFromAnyBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    Octets noisy = reply();
    noisy.resize(random() % (noisy.size() + 1));
    for (std::size_t changes = random() % 4; changes > 0 && !noisy.empty(); --changes)
      noisy[random() % noisy.size()] = static_cast<std::uint8_t>(random());
    const auto answer = parse_answer(noisy, 7);
    EXPECT_LE(answer ? answer->addresses.size() : 0, 3U);
  }
}

}  // namespace
}  // namespace hlb::ctl
