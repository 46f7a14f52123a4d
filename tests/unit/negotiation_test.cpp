// What clients of the HTTP endpoint say that they take.
#include "operators/web/negotiation.h"

#include <gtest/gtest.h>

namespace hlb::web {
namespace {

TEST(Negotiation, OpenMetricsIsForThoseWhoPreferIt) {
  // What Prometheus sends, and curl, and a browser.
  EXPECT_TRUE(prefers_open_metrics(
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_FALSE(prefers_open_metrics("*/*"));
  EXPECT_FALSE(prefers_open_metrics("text/html, application/xhtml+xml, */*;q=0.8"));
  EXPECT_FALSE(prefers_open_metrics(""));
  EXPECT_TRUE(prefers_open_metrics("Application/OpenMetrics-Text ; Q=0.5"));
  EXPECT_FALSE(prefers_open_metrics("application/openmetrics-text;q=0"));
  EXPECT_FALSE(prefers_open_metrics("application/openmetrics-text;version=2.0.0"));
  EXPECT_FALSE(prefers_open_metrics("text/plain, application/openmetrics-text;q=0.9"));
}

TEST(Negotiation, GzipIsForThoseWhoTakeIt) {
  EXPECT_TRUE(takes_gzip("gzip"));
  EXPECT_TRUE(takes_gzip("deflate, GZIP;q=0.1, br"));
  EXPECT_TRUE(takes_gzip("*"));
  EXPECT_FALSE(takes_gzip(""));
  EXPECT_FALSE(takes_gzip("br, identity"));
  EXPECT_FALSE(takes_gzip("*, gzip;q=0"));
  EXPECT_FALSE(takes_gzip("gzip;q=0.000"));
}

TEST(Negotiation, NonsenseIsNoWish) {
  for (const char* text :
       {",", ";;;", "gzip;q=abc", "gzip;q=-1", "gzip;q=2", "gzip;q=nan", "=,;=", " , \t", "gzipp"})
    EXPECT_FALSE(takes_gzip(text) || prefers_open_metrics(text)) << text;
}

}  // namespace
}  // namespace hlb::web
