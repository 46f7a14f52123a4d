#include "system/host.h"

#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <chrono>
#include <fstream>
#include <string>

#include "health/schedule.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

TEST(Host, KeepsItsIdentity) {
  EXPECT_EQ(host_identity(), host_identity());
  EXPECT_NE(host_identity(), 0U);
}

TEST(Host, DoesNotShowItsMachineId) {
  const std::string machine = first_line("/etc/machine-id");
  if (machine.empty()) GTEST_SKIP() << "this host has no machine-id";
  std::array<char, 17> identity{};
  for (const std::uint64_t id : {host_identity(), __builtin_bswap64(host_identity())}) {
    std::snprintf(identity.data(), identity.size(), "%016lx", id);
    EXPECT_EQ(machine.find(identity.data()), std::string::npos);
  }
}

TEST(Host, TellsTheBootAsTheKernelDoes) {
  std::string expected = first_line("/proc/sys/kernel/random/boot_id");
  std::erase(expected, '-');
  EXPECT_EQ(boot_id(), expected);
  EXPECT_EQ(boot_id().size(), 32U);
}

TEST(CheckIdentity, DependsOnHostAndCheckAlone) {
  EXPECT_EQ(check_identity(7, "tcp 10.0.0.1:80"), check_identity(7, "tcp 10.0.0.1:80"));
  EXPECT_NE(check_identity(7, "tcp 10.0.0.1:80"), check_identity(8, "tcp 10.0.0.1:80"));
  EXPECT_NE(check_identity(7, "tcp 10.0.0.1:80"), check_identity(7, "tcp 10.0.0.2:80"));
  EXPECT_EQ(check_identity(0, "a"), 0xaf63dc4c8601ec8cU);  // the published FNV-1a of "a"
}

TEST(CheckIdentity, SpreadsOneCheckOfManyHostsOverItsInterval) {
  constexpr int kHosts = 10'000;
  std::array<int, 10> slots{};
  for (std::uint64_t host = 0; host < kHosts; ++host) {
    const auto wait = phase(2s, check_identity(host, "tcp 10.0.0.1:80"));
    ++slots.at(static_cast<std::size_t>(wait / 200ms));
  }
  for (const int slot : slots)
    EXPECT_NEAR(slot, 0.1 * kHosts, 0.02 * kHosts);
}

TEST(CheckIdentity, SpreadsTheChecksOfOneHostOverTheirInterval) {
  constexpr int kChecks = 10'000;
  std::array<int, 10> slots{};
  for (int check = 0; check < kChecks; ++check) {
    const std::string what =
        "tcp 10.0." + std::to_string(check / 250) + "." + std::to_string(check % 250 + 1) + ":80";
    const auto wait = phase(2s, check_identity(0x123456789abcdefU, what));
    ++slots.at(static_cast<std::size_t>(wait / 200ms));
  }
  for (const int slot : slots)
    EXPECT_NEAR(slot, 0.1 * kChecks, 0.02 * kChecks);
}

}  // namespace
}  // namespace hlb
