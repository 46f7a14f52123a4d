// What a listing is compared with, and what a host takes of a listing that is none.
#include "fleet/mirrored_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/mirror_world.h"

namespace hlb::fleet {
namespace {

using namespace std::chrono_literals;

// The fault of a listing; of one that is in order, "".
std::string listing_fault(std::vector<Change> listing) {
  const MirroredKeys keys;
  ListedDifference difference(keys, {}, listing, "/c/", "/c/accept");
  while (difference.step(1)) {
  }
  return difference.fault();
}

TEST(ListedDifference, RefusesAListingThatIsNone) {
  EXPECT_EQ(listing_fault({{"/c/a", "1", 1}, {"/c/b", "", 2}}), "");
  EXPECT_EQ(listing_fault({{"/c/b", "1", 1}, {"/c/a", "1", 2}}),
            "it lists keys out of their order");
  EXPECT_EQ(listing_fault({{"/c/a", "1", 1}, {"/c/a", "1", 2}}),
            "it lists keys out of their order");
  EXPECT_EQ(listing_fault({{"/d/a", "1", 1}}), "it lists keys that it wasn't asked for");
  EXPECT_EQ(listing_fault({{"/c/a", std::nullopt, 1}}), "it lists a key without a value");
}

class MirrorBoundTest : public MirrorTest {
 protected:
  static constexpr std::size_t kThird = 1000;

  MirrorBoundTest() { most_bytes_ = 3 * kThird; }
};

TEST_F(MirrorBoundTest, MoreThanAHostMayKeepIsAFault) {
  put("a", std::string(kThird, 'a'));
  put("b", std::string(kThird, 'b'));
  start();
  put("c", std::string(kThird, 'c'));
  EXPECT_TRUE(is_frozen());
  EXPECT_EQ(standing().fault, "it has more keys than a host may keep");
  EXPECT_EQ(in_force().size(), 2U);
  const auto lists = etcd_.lists;
  pass(10min);
  EXPECT_LT(etcd_.lists - lists, 25U) << "such a listing is asked for seldom";
  erase("a");
  pass(2min);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(in_force(), in_engine());
}

// What is held back counts, too; and acceptance is found all the same.
TEST_F(MirrorBoundTest, AcceptanceMakesRoom) {
  put("a", std::string(2 * kThird, 'a'));
  start();
  etcd_.wipe();
  etcd_.put("/hlb/1/c/b", std::string(2 * kThird, 'b'));
  pass(1min);
  EXPECT_TRUE(is_frozen());
  EXPECT_EQ(in_force().size(), 1U);
  accept(wall());
  pass(2min);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(in_force(), in_engine());
}

TEST_F(MirrorBoundTest, CountsTheBytesThatItKeeps) {
  start();
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(standing().bytes, 0U);
  put("a", "12");
  EXPECT_EQ(standing().bytes, std::string("/hlb/1/c/a12").size());
  erase("a");
  EXPECT_EQ(standing().bytes, 0U);
}

}  // namespace
}  // namespace hlb::fleet
