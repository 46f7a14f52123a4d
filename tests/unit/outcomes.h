// What a probe is to have found.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>

#include "health/outcome.h"

namespace hlb::probes {

inline void expect(const Outcome& outcome, Outcome::Result result, Outcome::Evidence evidence,
                   std::string_view reason) {
  EXPECT_EQ(outcome.result, result);
  EXPECT_EQ(outcome.evidence, evidence);
  EXPECT_EQ(outcome.reason, reason);
  EXPECT_GT(outcome.latency, std::chrono::microseconds(0));
}

}  // namespace hlb::probes
