#include "libnss_hlb/network.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "own_network.h"

namespace hlb {
namespace {

TEST(Network, AThreadIsInItsOwnAlone) {
  if (geteuid() != 0) GTEST_SKIP() << "takes a network of its own";
  const Network before = this_network();
  EXPECT_TRUE(is_this_network(before));
  in_own_network([&] {
    EXPECT_FALSE(is_this_network(before));
    const Network own = this_network();
    EXPECT_NE(own.cookie, before.cookie);
    EXPECT_TRUE(is_this_network(own));
  });
}

TEST(Network, IsToldByProcWhereTheCookieIsNotKnown) {
  Network network = this_network();
  network.cookie = 0;
  EXPECT_TRUE(is_this_network(network));
  ++network.inode;
  EXPECT_FALSE(is_this_network(network));
}

TEST(Network, IsToldByProcWithoutADescriptor) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  Network network = this_network();
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool same = is_this_network(network);
  ++network.inode;
  const bool another = is_this_network(network);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(same);
  EXPECT_FALSE(another);
}

TEST(Network, IsTakenForTheSameWhereNobodyKnows) {
  EXPECT_TRUE(is_this_network(Network{}));
}

}  // namespace
}  // namespace hlb
