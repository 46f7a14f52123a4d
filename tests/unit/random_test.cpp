// Chance: where a number falls, by arithmetic that a machine of any width has.
#include "libnss_hlb/random.h"

#include <gtest/gtest.h>

namespace hlb {
namespace {

TEST(Random, BelowIsTheUpperHalfOfTheProduct) {
  __extension__ using Wide = unsigned __int128;
  for (const std::uint32_t limit : {1U, 2U, 3U, 1000U, 65536U, UINT32_MAX}) {
    Random random(limit);
    Random same(limit);
    for (int i = 0; i < 1000; ++i) {
      const auto expected = static_cast<std::uint32_t>((Wide{same.next()} * limit) >> 64U);
      ASSERT_EQ(random.below(limit), expected);
    }
  }
}

}  // namespace
}  // namespace hlb
