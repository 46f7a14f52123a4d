#include "ctl/doctor/aside.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>

namespace hlb::ctl::doctor {
namespace {

using namespace std::chrono_literals;

TEST(Aside, HandsOverWhatItsWorkTells) {
  const std::string large(1'000'000, 'x');
  const Aside aside = run_aside([&large](const Tell& tell) {
    tell("first ");
    tell(large);
  });
  EXPECT_EQ(aside.end, Aside::End::done);
  EXPECT_EQ(aside.told, "first " + large);
}

TEST(Aside, KeepsWhatWasToldBeforeACrash) {
  const Aside aside = run_aside([](const Tell& tell) {
    tell("so far");
    std::raise(SIGKILL);
  });
  EXPECT_EQ(aside.end, Aside::End::died);
  EXPECT_EQ(aside.signal, SIGKILL);
  EXPECT_EQ(aside.told, "so far");
}

TEST(Aside, KnowsAnExitThatIsNotItsOwn) {
  for (const int code : {0, 1}) {
    const Aside aside = run_aside([code](const Tell&) { ::_exit(code); });
    EXPECT_EQ(aside.end, Aside::End::died);
    EXPECT_EQ(aside.signal, 0);
  }
  const Aside thrown = run_aside([](const Tell&) { throw std::runtime_error("of no use"); });
  EXPECT_EQ(thrown.end, Aside::End::died);
}

TEST(Aside, EndsWorkThatDoesNotEndItself) {
  const auto wait = [](const Tell& tell) {
    tell("so far");
    ::pause();
  };
  const Aside aside = run_aside(wait, 100ms);
  EXPECT_EQ(aside.end, Aside::End::late);
  EXPECT_EQ(aside.told, "so far");
}

TEST(Aside, EndsWorkThatHasClosedEveryDescriptor) {
  const auto hide = [](const Tell&) {
    for (int fd = 0; fd < 1024; ++fd)
      ::close(fd);
    ::pause();
  };
  EXPECT_EQ(run_aside(hide, 100ms).end, Aside::End::late);
}

TEST(Aside, HasNoOutputOfItsOwn) {
  testing::internal::CaptureStdout();
  run_aside([](const Tell&) {
    std::puts("nobody asked for this");
    std::fflush(stdout);
  });
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

}  // namespace
}  // namespace hlb::ctl::doctor
