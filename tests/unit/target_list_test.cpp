#include "health/target_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(TargetList, MeansWhatAnyOfItsTargetsMeans) {
  const TargetList list(" app.local/10.0.0.1 app.local/10.0.0.2\tdb.local\n*.test/10.0.0.3 ");
  EXPECT_TRUE(list.matches("app.local", "10.0.0.1"));
  EXPECT_TRUE(list.matches("app.local", "10.0.0.2"));
  EXPECT_FALSE(list.matches("app.local", "10.0.0.3"));
  EXPECT_TRUE(list.matches("db.local", "10.0.0.9"));
  EXPECT_TRUE(list.matches("x.test", "10.0.0.3"));
  EXPECT_FALSE(list.matches("x.test", "10.0.0.1"));
}

TEST(TargetList, KnowsWhichServicesMayBeMeant) {
  const TargetList named("app.local/10.0.0.* db.local APP.local/10.0.1.1");
  EXPECT_THAT(named.only_services(), Optional(ElementsAre("app.local", "db.local")));
  EXPECT_TRUE(named.may_mean("app.local"));
  EXPECT_FALSE(named.may_mean("x.test"));
  const TargetList any("app.local *.test");
  EXPECT_EQ(any.only_services(), std::nullopt);
  EXPECT_TRUE(any.may_mean("x.test"));
  EXPECT_TRUE(any.may_mean("app.local"));
  EXPECT_FALSE(any.may_mean("db.local"));
}

TEST(TargetList, OfNothingMeansNothing) {
  for (const char* text : {"", " ", "/", "app.local/ /"})
    EXPECT_FALSE(TargetList(text).matches("app.local", "10.0.0.1")) << text;
}

TEST(TargetList, CountsWhatIsComparedWithEachBackend) {
  EXPECT_EQ(TargetList("app.local/10.0.0.1 b.local/10.0.0.2").wildcard_bytes(), 0U);
  EXPECT_EQ(TargetList("app.local/10.0.0.1 *.b").wildcard_bytes(), 3U);
  EXPECT_EQ(TargetList("app.local 10.0.0.1").wildcard_bytes(), 8U);
}

}  // namespace
}  // namespace hlb
