#include "operators/control/reload_preview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> preview(std::vector<ServiceSpec> before, std::vector<ServiceSpec> now) {
  std::vector<std::string> said;
  const ServiceChange change = compare(list_of(std::move(now)), list_of(std::move(before)));
  for (const auto& [service, kind, what] : preview_of(change))
    said.push_back(service + " " + kind + ": " + what);
  return said;
}

TEST(ReloadPreview, SaysWhichServicesComeAndGo) {
  EXPECT_THAT(
      preview({plain_service("a.test", {"10.0.0.1"}), plain_service("b.test", {"10.0.0.1"})},
              {plain_service("b.test", {"10.0.0.1"}),
               plain_service("c.test", {"10.0.0.1", "10.0.0.2"})}),
      ElementsAre("c.test new: 2 backends", "a.test gone: 1 backend"));
}

TEST(ReloadPreview, SaysWhatOfAServiceChanges) {
  const ServiceSpec before = plain_service("a.test", {"10.0.0.1", "10.0.0.2"});
  ServiceSpec now = plain_service("a.test", {"10.0.0.2", "fd00::1"});
  now.backends[0].weight = 5;
  now.aliases = {"www.a.test"};
  EXPECT_THAT(preview({before}, {now}),
              ElementsAre("a.test changed: backends ~10.0.0.2 +fd00::1 -10.0.0.1; aliases"));
  ServiceSpec other = plain_service("a.test", {"10.0.0.1", "10.0.0.2"}, plain_check(81));
  other.slow_start = std::chrono::seconds(5);
  EXPECT_THAT(preview({before}, {other}), ElementsAre("a.test changed: checks; other settings"));
  other = before;
  other.named = {{.name = "app.internal"}};
  EXPECT_THAT(preview({before}, {other}), ElementsAre("a.test changed: backends +app.internal"));
}

TEST(ReloadPreview, OfTheSameIsEmpty) {
  const ServiceSpec a = plain_service("a.test", {"10.0.0.1"});
  const ServiceSpec b = plain_service("b.test", {"10.0.0.1", "10.0.0.2"});
  EXPECT_THAT(preview({a, b}, {a, b}), IsEmpty());
  EXPECT_THAT(preview({a, b}, {b, a}), IsEmpty());
  EXPECT_THAT(preview({b}, {plain_service("b.test", {"10.0.0.2", "10.0.0.1"})}),
              ElementsAre("b.test changed: the order of its backends"));
}

}  // namespace
}  // namespace hlb
