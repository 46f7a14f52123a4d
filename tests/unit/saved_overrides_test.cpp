#include "state/saved_overrides.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/durable_file.h"
#include "tests/unit/folder.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using Key = Overrides::Key;

const Address kOverridden = Address::parse("10.0.0.1").value();
const Key kKey{"app.local", kOverridden};

class SavedOverridesTest : public testing::Test {
 protected:
  Overrides drained(std::optional<std::chrono::milliseconds> left = {}) const {
    Override override{.kind = OverrideKind::drain,
                      .reason = "disk \"swap\"",
                      .set_by = 1000,
                      .since = WallTime(1'764'000'000'000ms),
                      .until = std::nullopt,
                      .state_then = State::down};
    if (left) override.until = now_.steady + *left;
    Overrides overrides;
    overrides.set(kKey, override);
    return overrides;
  }

  tl::expected<SavedOverrides, PutAside> load() const {
    return file_.load([this](std::string_view text) { return decode_overrides(text, now_); });
  }
  // As another hlbd has them, for which the steady clock may have started anew.
  SavedOverrides loaded() const { return load().value_or(SavedOverrides()); }
  std::string fault() const {
    const auto result = load();
    return result ? "" : result.error().reason.substr(file_.path().string().size() + 1);
  }
  void put(const std::string& text) const { std::ofstream(file_.path()) << text; }
  void reboot() {
    now_.moment.boot_id = "ffffffffffffffffffffffffffffffff";
    now_.moment.since_boot = 10s;
    now_.steady = Clock::TimePoint(10s);
  }

  Folder folder_;
  DurableFile file_{folder_.path(), kOverrideFile};
  Present now_{Clock::TimePoint(5000s),
               {"0123456789abcdef0123456789abcdef", 1000s, WallTime(1'764'000'000'000ms)}};
};

TEST_F(SavedOverridesTest, SaysNothingWhereThereIsNone) {
  EXPECT_EQ(fault(), "");
  EXPECT_TRUE(loaded().empty());
}

TEST_F(SavedOverridesTest, KeepsAllOfAnOverride) {
  const Overrides overrides = drained();
  EXPECT_EQ(file_.save(encode_overrides(overrides, now_)), "");
  ASSERT_EQ(loaded().size(), 1U);
  EXPECT_EQ(loaded()[0].first, kKey);
  EXPECT_EQ(loaded()[0].second, *overrides.find(kKey.service, kKey.backend));
}

TEST_F(SavedOverridesTest, OutlivesAReboot) {
  ASSERT_EQ(file_.save(encode_overrides(drained(30min), now_)), "");
  reboot();
  now_.moment.wall += 10min;
  ASSERT_EQ(loaded().size(), 1U);
  EXPECT_EQ(loaded()[0].second.until, now_.steady + 20min);
}

TEST_F(SavedOverridesTest, LeavesOutWhatHasEndedMeanwhile) {
  ASSERT_EQ(file_.save(encode_overrides(drained(30min), now_)), "");
  now_.moment.since_boot += 31min;
  now_.steady += 31min;
  EXPECT_TRUE(loaded().empty());
  EXPECT_EQ(fault(), "");
}

TEST_F(SavedOverridesTest, AWallClockThatWasSetChangesNothingWithinABoot) {
  ASSERT_EQ(file_.save(encode_overrides(drained(30min), now_)), "");
  now_.moment.wall += 24h;
  ASSERT_EQ(loaded().size(), 1U);
  EXPECT_EQ(loaded()[0].second.until, now_.steady + 30min);
}

TEST_F(SavedOverridesTest, OneThatCannotBeUsedIsPutAside) {
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"", "is no JSON, or only a part of it"},
      {"{\"version\":1,", "is no JSON, or only a part of it"},
      {"{\"version\":2,\"overrides\":[]}", "is of version 2, not 1"},
      {"[]", "holds something else than overrides"},
      {"{\"version\":1,\"overrides\":[{}]}", "holds something else than overrides"},
      {R"({"version":1,"overrides":[{"service":"a","address":"10.0.0.1","kind":"sleep","set_by":0,)"
       R"("since_ms":0}]})",
       "holds something else than overrides"}};
  for (const auto& [text, reason] : faults) {
    put(text);
    EXPECT_EQ(fault(), reason);
    EXPECT_FALSE(std::filesystem::exists(file_.path()));
    std::ifstream kept(file_.path().string() + ".unusable");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), text);
  }
}

TEST_F(SavedOverridesTest, TakesAnyTimes) {
  put(R"({"version":1,"overrides":[{"service":"app.local","address":"10.0.0.1","kind":"up",)"
      R"("set_by":0,"since_ms":9223372036854775807,"until":{"boot_id":"x",)"
      R"("boottime_ms":-9223372036854775808,"wall_ms":9223372036854775807}}]})");
  ASSERT_EQ(loaded().size(), 1U);
  EXPECT_GT(loaded()[0].second.until, now_.steady + 24h * 365);
}

TEST_F(SavedOverridesTest, SaysWhyItCannotBeWritten) {
  const DurableFile file(folder_.path() / "file" / "folder", kOverrideFile);
  std::ofstream(folder_.path() / "file") << "a file where a folder should be";
  EXPECT_EQ(file.save(encode_overrides(drained(), now_)), "Not a directory");
}

}  // namespace
}  // namespace hlb
