// Packing: into the caller's buffer and nowhere else, whatever addresses that buffer has.
#include "libnss_hlb/pack.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "published.h"

namespace hlb {
namespace {

// As the stack of a 32-bit program on a 64-bit kernel, which ends where addresses do.
std::span<char> last_bytes_of_all(std::size_t count) {
  const std::uintptr_t start = UINTPTR_MAX - count;
  return {reinterpret_cast<char*>(start), count};  // NOLINT(performance-no-int-to-ptr)
}

TEST(Pack, ABufferAtTheEndOfAllAddressesIsTooSmallAndNotEnoughForAll) {
  const auto bytes = Sample().answer(AnswerMode::all).backend("10.0.0.1").record();
  const record::View record = record::View::over(bytes);
  Random random(1);
  const Choice tuples(record, Asked::any);
  const Choice addresses(record, Asked::ipv4);
  hostent host{};
  for (std::size_t size = 0; size < 16; ++size) {
    EXPECT_EQ(
        pack_tuples({record, tuples, "app.local", "app.local", random}, last_bytes_of_all(size)),
        nullptr);
    EXPECT_FALSE(pack_host({record, addresses, "app.local", "app.local", random}, AF_INET,
                           last_bytes_of_all(size), host));
  }
}

}  // namespace
}  // namespace hlb
