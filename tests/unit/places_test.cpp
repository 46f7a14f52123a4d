#include "system/places.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace hlb {
namespace {

constexpr Places::Claim kRoot{.holder = 0, .privileged = true};

Places::Claim user(Places::Holder number) {
  return {.holder = number};
}

class PlacesTest : public testing::Test {
 protected:
  // Takes a place that is known by `name` from then on.
  void take(Places& places, Places::Claim claim, const std::string& name) {
    held_.push_back(
        std::make_unique<Places::Place>(places, claim, [this, name] { lost_ += name + " "; }));
  }
  void release_oldest() { held_.erase(held_.begin()); }

  std::string lost_;
  std::vector<std::unique_ptr<Places::Place>> held_;
};

TEST_F(PlacesTest, AreLostByNobodyWhileThereIsRoom) {
  Places places(3);
  for (const char* name : {"a", "b", "c"})
    take(places, user(1), name);
  EXPECT_EQ(lost_, "");
  held_.clear();
}

TEST_F(PlacesTest, WhoHoldsMostLosesTheOldest) {
  Places places(4);
  take(places, user(2), "other");
  for (const char* name : {"first", "second", "third"})
    take(places, user(1), name);
  take(places, user(3), "newcomer");
  EXPECT_EQ(lost_, "first ");
  take(places, user(2), "again");
  EXPECT_EQ(lost_, "first second ");
  held_.clear();
}

TEST_F(PlacesTest, WhoComesWithMostLosesTheirOwn) {
  Places places(3);
  take(places, user(1), "one");
  take(places, user(2), "old");
  take(places, user(2), "new");
  for (const char* name : {"newer", "newest"})
    take(places, user(2), name);
  EXPECT_EQ(lost_, "old new ");
  held_.clear();
}

TEST_F(PlacesTest, SomeAreForThePrivileged) {
  Places places(4, 2);
  take(places, user(1), "a");
  take(places, user(1), "b");
  take(places, kRoot, "root");
  take(places, kRoot, "root again");
  EXPECT_EQ(lost_, "");
  take(places, user(3), "c");
  EXPECT_EQ(lost_, "a ");
  take(places, kRoot, "root, once more");
  EXPECT_EQ(lost_, "a root ");
  held_.clear();
}

TEST_F(PlacesTest, ThoseGivenBackAreFree) {
  Places places(2);
  take(places, user(1), "a");
  take(places, user(1), "b");
  release_oldest();
  take(places, user(2), "c");
  EXPECT_EQ(lost_, "");
  take(places, user(2), "d");
  EXPECT_EQ(lost_, "c ");
  held_.clear();
}

}  // namespace
}  // namespace hlb
