// A host's copy of the catalog as bytes, and in its file.
#include "fleet/snapshot.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fleet/snapshot_file.h"
#include "libnss_hlb/random.h"
#include "tests/unit/folder.h"
#include "tests/unit/mirror_world.h"

namespace hlb::fleet {
namespace {

using namespace std::chrono_literals;

SavedMirror something() {
  SavedMirror mirror;
  mirror.position = {.cluster = 0xfedcba9876543210U,
                     .revision = 4711,
                     .seen = 4712,
                     .last_change = {.at = 4700, .hash = 0xffffffffffffffffU},
                     .last_sign = WallTime(1'795'000'000'123ms),
                     .lost = WallTime(1'794'000'000'000ms),
                     .held_since = WallTime(-1ms)};
  const std::string any_bytes("\0\xff\n\"", 4);
  mirror.keys = {
      {.key = "/a", .kept = {.value = "1", .good = {}, .revision = 1}},
      {.key = "/b", .kept = {.value = any_bytes, .good = "", .revision = 2, .refused = true}},
      {.key = "/c", .kept = {.value = "", .good = {}, .revision = 3, .held = true}}};
  return mirror;
}

std::string encoded(const SavedMirror& mirror) {
  SnapshotEncoder encoder(mirror.position);
  for (const SavedMirror::Key& each : mirror.keys)
    encoder.add(each.key, each.kept);
  std::string bytes = std::move(encoder).finish();
  SnapshotEncoder::seal(bytes);
  return bytes;
}

std::string fault(std::string_view bytes) {
  const auto decoded = decode_snapshot(bytes);
  return decoded ? "" : decoded.error().reason;
}

TEST(Snapshot, IsDecodedAsItWas) {
  const auto decoded = decode_snapshot(encoded(something()));
  ASSERT_TRUE(decoded) << decoded.error().reason;
  EXPECT_EQ(*decoded, something());
  EXPECT_EQ(decode_snapshot(encoded({})).value(), SavedMirror());
}

TEST(Snapshot, NothingIsAMirrorThatKnowsNothing) {
  EXPECT_EQ(decode_snapshot("").value(), SavedMirror());
}

TEST(Snapshot, IsRefusedWhenItIsCutOff) {
  const std::string bytes = encoded(something());
  for (std::size_t length = 1; length < bytes.size(); ++length)
    EXPECT_NE(fault(bytes.substr(0, length)), "") << length;
  EXPECT_NE(fault(bytes + '\0'), "");
}

TEST(Snapshot, IsRefusedWhenAnyBitIsAnother) {
  const std::string bytes = encoded(something());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(fault(other), "") << bit;
  }
}

TEST(Snapshot, SaysWhyItIsRefused) {
  const std::string bytes = encoded(something());
  EXPECT_EQ(fault("{\"version\":1}"), "is no snapshot of a fleet");
  EXPECT_EQ(fault(bytes.substr(0, 15)), "is broken off");
  std::string other = bytes;
  other[8] = 2;
  EXPECT_EQ(fault(other), "is of another version");
  EXPECT_EQ(fault(bytes.substr(0, bytes.size() - 1)), "is damaged: its checksum is another one");
  SavedMirror twice = something();
  twice.keys[1].key = twice.keys[0].key;
  EXPECT_EQ(fault(encoded(twice)), "has keys out of their order");
}

// Whatever stands under a checksum that is right: refused, or something that can be encoded again.
TEST(Snapshot, NoBytesAreTooMuchForIt) {
  Random random(1);
  const std::string bytes = encoded(something());
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string other = bytes;
    for (std::uint32_t changes = 1 + random.below(4); changes > 0; --changes) {
      const std::size_t at = 20 + random.below(static_cast<std::uint32_t>(other.size() - 20));
      other[at] = static_cast<char>(random.next());
    }
    if (random.below(4) == 0) other.resize(20 + random.below(60));
    SnapshotEncoder::seal(other);
    const auto decoded = decode_snapshot(other);
    if (!decoded)
      ++refused;
    else
      EXPECT_EQ(decode_snapshot(encoded(*decoded)).value(), *decoded);
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_LT(refused, 19'000U);
}

class SnapshotFileTest : public MirrorTest {
 protected:
  SnapshotFileTest() {
    start();
    file_.emplace(clock_, worker_, folder_.path(), *mirror_,
                  [this](const std::string& trouble) { trouble_ = trouble; });
  }

  // Lets the worker do what it has to, and takes what comes of it.
  void write_through() {
    ASSERT_TRUE(worker_.flush(1min));
    settle();
  }
  SavedMirror loaded() const {
    const auto loaded = SnapshotFile::load(folder_.path());
    EXPECT_TRUE(loaded) << loaded.error().reason;
    return loaded.value_or(SavedMirror());
  }

  Folder folder_;
  Worker worker_{16, [this](Worker::Completion completion) {
                   boost::asio::post(loop_, std::move(completion));
                 }};
  std::string trouble_;
  std::optional<SnapshotFile> file_;
};

TEST_F(SnapshotFileTest, HasTheChangesOfASecond) {
  EXPECT_EQ(loaded(), SavedMirror());
  put("a", "1");
  file_->changed();
  pass(900ms);
  put("b", "2");
  file_->changed();
  write_through();
  EXPECT_EQ(loaded(), SavedMirror());
  pass(100ms);
  write_through();
  EXPECT_EQ(loaded(), saved());
  EXPECT_EQ(loaded().keys.size(), 2U);
  file_.reset();
  start(loaded());
  EXPECT_EQ(in_force(), (Values{{"a", "1"}, {"b", "2"}}));
}

TEST_F(SnapshotFileTest, IsWrittenAtOnceAtTheEnd) {
  put("a", "1");
  file_->write_now();
  write_through();
  EXPECT_EQ(loaded(), saved());
}

TEST_F(SnapshotFileTest, TellsOfATroubleOnceAndTriesAgain) {
  const auto in_the_way = folder_.path() / kSnapshotFile;
  std::filesystem::create_directory(in_the_way);
  file_->changed();
  for (int i = 0; i < 3; ++i) {
    pass(1s);
    write_through();
    EXPECT_NE(trouble_.find("can't be kept in"), std::string::npos);
    if (i == 1) trouble_ = "the same can't be kept in";
  }
  EXPECT_EQ(trouble_, "the same can't be kept in");
  std::filesystem::remove(in_the_way);
  pass(1s);
  write_through();
  EXPECT_EQ(trouble_, "");
  EXPECT_EQ(loaded().keys, saved().keys);
  EXPECT_EQ(loaded().position.cluster, 1U);
}

TEST_F(SnapshotFileTest, ADamagedFileIsPutAside) {
  file_->write_now();
  write_through();
  std::filesystem::resize_file(folder_.path() / kSnapshotFile, 25);
  const auto loaded = SnapshotFile::load(folder_.path());
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().reason.find("fleet.snapshot is damaged"), std::string::npos);
  EXPECT_EQ(loaded.error().kept, "the file is kept as fleet.snapshot.unusable");
}

}  // namespace
}  // namespace hlb::fleet
