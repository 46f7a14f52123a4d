// A value that the catalog refuses changes nothing: the last good one of its key stays.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/mirror_world.h"

namespace hlb::fleet {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

class MirrorValuesTest : public MirrorTest {};

TEST_F(MirrorValuesTest, ABadValueChangesNothing) {
  put("a", "good");
  bad_ = {"bad", "worse"};
  start();
  put("a", "bad");
  EXPECT_EQ(in_force(), (Values{{"a", "good"}}));
  EXPECT_EQ(standing().refused, 1U);
  put("a", "worse");
  EXPECT_EQ(mirror_->keys().find("/hlb/1/c/a")->good, "good");
  put("a", "better");
  EXPECT_EQ(standing().refused, 0U);
  EXPECT_EQ(mirror_->keys().find("/hlb/1/c/a")->good, std::nullopt);
  put("a", "bad");
  erase("a");
  EXPECT_EQ(in_force(), Values());
  EXPECT_EQ(standing().refused, 0U);
}

TEST_F(MirrorValuesTest, OfOneKeysChangesInARowTheLastGoodOneStays) {
  bad_ = {"bad"};
  start();
  etcd_.hang(0), etcd_.hang(1), etcd_.hang(2);
  for (const char* value : {"good", "better", "bad"})
    put("a", value);
  etcd_.recover(0), etcd_.recover(1), etcd_.recover(2);
  pass(10s);
  EXPECT_EQ(in_force(), (Values{{"a", "better"}}));
  EXPECT_EQ(mirror_->keys().find("/hlb/1/c/a")->good, "better");
}

TEST_F(MirrorValuesTest, AKeyThatComesManyTimesIsOneBatch) {
  start();
  etcd_.hang(0), etcd_.hang(1), etcd_.hang(2);
  for (int i = 0; i < 1000; ++i)
    put("a", std::to_string(i));
  etcd_.recover(0), etcd_.recover(1), etcd_.recover(2);
  catalog_->batches = 0;
  pass(10s);
  EXPECT_EQ(in_force(), (Values{{"a", "999"}}));
  EXPECT_EQ(catalog_->batches, 1U);
}

TEST_F(MirrorValuesTest, LongValuesAreToldInManyTurns) {
  start();
  etcd_.hang(0), etcd_.hang(1), etcd_.hang(2);
  for (int i = 0; i < 100; ++i)
    put(std::to_string(i), std::string(60'000, 'x'));
  etcd_.recover(0), etcd_.recover(1), etcd_.recover(2);
  catalog_->batches = 0;
  catalog_->largest_call = 0;
  pass(10s);
  EXPECT_EQ(in_force().size(), 100U);
  EXPECT_EQ(catalog_->batches, 1U);
  EXPECT_LE(catalog_->largest_call, 2U);
}

TEST_F(MirrorValuesTest, TheLastGoodValueOutlivesARestart) {
  put("a", "good");
  put("b", "bad");
  bad_ = {"bad"};
  start();
  put("a", "bad");
  etcd_.stop(0), etcd_.stop(1), etcd_.stop(2);
  for (int i = 0; i < 2; ++i) {
    restart();
    EXPECT_EQ(told(), (Strings{"a=good", "b=bad", "a=bad"}));
    EXPECT_EQ(in_force(), (Values{{"a", "good"}}));
    EXPECT_EQ(standing().refused, 2U);
  }
  bad_.clear();
  restart();
  EXPECT_EQ(in_force(), (Values{{"a", "bad"}, {"b", "bad"}}));
  EXPECT_EQ(mirror_->keys().find("/hlb/1/c/a")->good, std::nullopt);
}

TEST_F(MirrorValuesTest, AValueMayBecomeGoodWithAnotherConfiguration) {
  bad_ = {"bad"};
  put("a", "good");
  start();
  put("a", "bad");
  mirror_->accepted("/hlb/1/c/a");
  mirror_->accepted("/hlb/1/c/unknown");
  mirror_->refused("/hlb/1/c/unknown");
  EXPECT_EQ(standing().refused, 0U);
  EXPECT_EQ(mirror_->keys().find("/hlb/1/c/a")->good, std::nullopt);
}

}  // namespace
}  // namespace hlb::fleet
