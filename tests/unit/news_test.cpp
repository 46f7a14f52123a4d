#include "operators/bus/news.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace hlb::bus {
namespace {

Event event_at(const std::string& address) {
  Event event;
  event.address = address;
  return event;
}

class NewsTest : public testing::Test {
 protected:
  int woken_ = 0;
  News news_{[this] { ++woken_; }};
};

TEST_F(NewsTest, EventsAreTakenInTheirOrderSomeAtATime) {
  for (const char* each : {"1", "2", "3"})
    news_.add(event_at(each));
  const News::Some first = news_.take(2);
  ASSERT_EQ(first.events.size(), 2U);
  EXPECT_EQ(first.events[0].address, "1");
  EXPECT_EQ(first.events[1].address, "2");
  EXPECT_TRUE(first.more);
  const News::Some rest = news_.take(2);
  ASSERT_EQ(rest.events.size(), 1U);
  EXPECT_EQ(rest.events[0].address, "3");
  EXPECT_FALSE(rest.more);
}

TEST_F(NewsTest, WhoHasTakenAllIsWokenOnce) {
  news_.add(event_at("1"));
  news_.overview_changed();
  EXPECT_EQ(woken_, 1);
  news_.take(10);
  news_.configured();
  EXPECT_EQ(woken_, 2);
}

TEST_F(NewsTest, WhoKnowsThatThereIsMoreIsNotWoken) {
  news_.add(event_at("1"));
  news_.add(event_at("2"));
  EXPECT_TRUE(news_.take(1).more);
  news_.add(event_at("3"));
  EXPECT_EQ(woken_, 1);
}

TEST_F(NewsTest, WhatHasChangedIsSaidOnce) {
  news_.overview_changed();
  news_.configured();
  const News::Some first = news_.take(1);
  EXPECT_TRUE(first.overview_changed && first.configured);
  const News::Some second = news_.take(1);
  EXPECT_FALSE(second.overview_changed || second.configured);
}

TEST_F(NewsTest, TheOldestEventsAreDroppedAndCountedWhenTooManyWait) {
  for (std::size_t i = 0; i < News::kMostEvents + 5; ++i)
    news_.add(event_at(std::to_string(i)));
  const News::Some first = news_.take(1);
  EXPECT_EQ(first.dropped, 5U);
  EXPECT_EQ(first.events.front().address, "5");
  const News::Some rest = news_.take(2 * News::kMostEvents);
  EXPECT_EQ(rest.dropped, 0U);
  EXPECT_EQ(rest.events.size(), News::kMostEvents - 1);
}

TEST_F(NewsTest, EventsThatNobodyCouldHearAreForgottenAndWhatHasChangedIsNot) {
  for (std::size_t i = 0; i < News::kMostEvents + 5; ++i)
    news_.add(event_at(std::to_string(i)));
  news_.configured();
  news_.forget_events();
  news_.add(event_at("last"));
  const News::Some left = news_.take(10);
  ASSERT_EQ(left.events.size(), 1U);
  EXPECT_EQ(left.events.front().address, "last");
  EXPECT_EQ(left.dropped, 0U);
  EXPECT_TRUE(left.configured);
}

}  // namespace
}  // namespace hlb::bus
