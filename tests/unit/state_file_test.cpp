#include "state/state_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

namespace hlb {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kService = "app.local";
const Address kAddress = Address::parse("10.0.0.1").value();

// A state folder, not yet made, within a folder of the test's own.
class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    std::string pattern = fs::temp_directory_path() / "hlb-state-XXXXXX";
    parent_ = mkdtemp(pattern.data());
    folder_ = parent_ / "hlb";
  }
  ~StateFileTest() override { fs::remove_all(parent_); }

  StateFile make_file() {
    return {loop_.get_executor(),
            worker_,
            folder_,
            [this](StateEncoder& encoder, std::size_t first) -> std::optional<std::size_t> {
              snapshots_ += first == 0 ? 1 : 0;
              if (first < parts_) return first + 1;
              encoder.add(kService, kAddress, state_, WallTime(1ms));
              return std::nullopt;
            },
            {},
            [this] { return now_; }};
  }

  // unknown when nothing is inherited.
  State loaded() const {
    const auto result = load_states(folder_, now_);
    const SavedState* state = result ? result->find(kService, kAddress) : nullptr;
    return state == nullptr ? State::unknown : state->state;
  }

  // Why nothing could be loaded, without the name of the file; empty if it could.
  std::string fault() const {
    const auto result = load_states(folder_, now_);
    if (result) return "";
    const std::string name = path().string() + " ";
    EXPECT_TRUE(result.error().reason.starts_with(name)) << result.error().reason;
    return result.error().reason.substr(name.size());
  }

  fs::path path() const { return folder_ / kStateFile; }

  void put(const std::string& text) const {
    fs::create_directories(folder_);
    std::ofstream(path()) << text;
  }

  std::string contents() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void advance(std::chrono::milliseconds time) {
    now_.since_boot += time;
    now_.wall += time;
  }

  // Until what was to be written is, and the file knows.
  void settle() {
    ASSERT_TRUE(worker_.flush(10s));
    loop_.restart();
    loop_.poll();
    ASSERT_TRUE(worker_.flush(10s));  // what couldn't be refreshed is written
    loop_.poll();
  }

  boost::asio::io_context loop_;
  Worker worker_{4, [this](Worker::Completion done) { boost::asio::post(loop_, std::move(done)); }};
  fs::path parent_;
  fs::path folder_;
  Moment now_{"0123456789abcdef0123456789abcdef", 1000s, WallTime(1'764'000'000'000ms)};
  State state_ = State::up;
  int snapshots_ = 0;
  std::size_t parts_ = 0;  // that a snapshot has beside its last
};

TEST_F(StateFileTest, IsWrittenWhenHlbdStopsAndReadAtItsStart) {
  StateFile file = make_file();
  file.write_now();
  settle();
  advance(59s);
  EXPECT_EQ(loaded(), State::up);
  EXPECT_EQ(fault(), "");
}

TEST_F(StateFileTest, IsReadByItsOwnerAlone) {
  StateFile file = make_file();
  file.write_now();
  settle();
  struct stat status{};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(StateFileTest, SaysNothingWhereThereIsNone) {
  EXPECT_EQ(fault(), "");
  EXPECT_EQ(loaded(), State::unknown);
}

TEST_F(StateFileTest, IsWrittenOnceForAllChangesWithinASecond) {
  StateFile file = make_file();
  file.changed();
  loop_.run_for(100ms);
  file.changed();
  EXPECT_FALSE(fs::exists(path()));
  state_ = State::down;
  while (snapshots_ == 0)
    loop_.run_one();
  settle();
  EXPECT_EQ(loaded(), State::down);
  loop_.run_for(200ms);
  EXPECT_EQ(snapshots_, 1);
}

TEST_F(StateFileTest, IsWrittenAgainForALaterChange) {
  StateFile file = make_file();
  for (const State state : {State::up, State::down}) {
    state_ = state;
    file.changed();
    for (const int before = snapshots_; snapshots_ == before;)
      loop_.run_one();
    settle();
    EXPECT_EQ(loaded(), state);
  }
}

TEST_F(StateFileTest, IsGatheredInPartsWithOthersInBetween) {
  parts_ = 3;
  StateFile file = make_file();
  file.changed();
  while (snapshots_ == 0)
    loop_.run_one();
  EXPECT_TRUE(worker_.flush(10s));
  EXPECT_FALSE(fs::exists(path())) << "more is to come";
  file.changed();  // meanwhile: another writing follows
  for (int i = 0; i < 3; ++i)
    loop_.run_one();
  settle();
  EXPECT_EQ(loaded(), State::up);
  while (snapshots_ == 1)
    loop_.run_one();
  state_ = State::down;
  file.write_now();  // ends that one
  settle();
  EXPECT_EQ(loaded(), State::down);
  loop_.run_for(100ms);
  EXPECT_EQ(snapshots_, 3);
}

TEST_F(StateFileTest, IsReplacedAndNeverRewritten) {
  StateFile file = make_file();
  file.write_now();
  settle();
  std::ifstream reader(path());
  state_ = State::down;
  file.write_now();
  settle();
  const std::string before{std::istreambuf_iterator<char>(reader), {}};
  EXPECT_NE(before.find(R"("state":"up")"), std::string::npos);
  EXPECT_NE(contents().find(R"("state":"down")"), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "a draft was left";
}

TEST_F(StateFileTest, StaysYoungWithoutAChange) {
  StateFile file = make_file();
  file.write_now();
  settle();
  advance(3600s);
  ASSERT_EQ(fault(), "is 3600 s old, over 60 s");
  file.refresh();
  settle();
  EXPECT_EQ(loaded(), State::up);
  EXPECT_EQ(snapshots_, 1) << "the whole file was written";
}

TEST_F(StateFileTest, IsPutBackWhenItWasRemovedOrReplaced) {
  StateFile file = make_file();
  file.write_now();
  settle();
  fs::remove_all(folder_);
  file.refresh();
  settle();
  EXPECT_EQ(loaded(), State::up);
  fs::rename(path(), folder_ / "other");
  put("by another");
  fs::remove(folder_ / "other");
  file.refresh();
  settle();
  EXPECT_EQ(loaded(), State::up);
}

TEST_F(StateFileTest, ReplacesWhatOneThatWasKilledHasLeft) {
  put("half a fi");
  std::ofstream(folder_ / "state.json.new") << "half a fi";
  EXPECT_EQ(fault(), "is no JSON, or only a part of it");
  StateFile file = make_file();
  file.write_now();
  settle();
  EXPECT_EQ(loaded(), State::up);
}

TEST_F(StateFileTest, ComesBackOnceTheFolderCanBeWrittenTo) {
  std::ofstream(folder_) << "a file where the folder should be";
  StateFile file = make_file();
  file.write_now();
  settle();
  file.refresh();
  settle();
  EXPECT_EQ(snapshots_, 2);
  fs::remove(folder_);
  file.refresh();
  settle();
  EXPECT_EQ(loaded(), State::up);
}

TEST_F(StateFileTest, LeavesNoHalfFileWhenThereIsNoRoom) {
  StateFile file = make_file();
  file.write_now();
  settle();
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit little{.rlim_cur = 50, .rlim_max = limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &little);
  state_ = State::down;
  file.write_now();
  settle();
  setrlimit(RLIMIT_FSIZE, &limit);
  (void)std::signal(SIGXFSZ, before);
  EXPECT_EQ(loaded(), State::up) << "what was there before is gone";
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "a draft was left";
  file.refresh();
  settle();
  EXPECT_EQ(loaded(), State::down);
}

TEST_F(StateFileTest, IsNoLinkNoFifoNoFolderAndNotTooLarge) {
  fs::create_directories(folder_);
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  EXPECT_EQ(fault(), "is not a regular file");
  fs::remove(path());
  fs::create_directory(path());
  EXPECT_EQ(fault(), "is not a regular file");
  fs::remove(path());
  put("");
  fs::resize_file(path(), (64U << 20U) + 1);
  EXPECT_EQ(fault(), "is larger than 64 MiB");
  fs::resize_file(path(), 64U << 20U);
  EXPECT_EQ(fault(), "is no JSON, or only a part of it");
  fs::rename(path(), folder_ / "other");
  fs::create_symlink(folder_ / "other", path());
  EXPECT_EQ(fault(), "can't be read: Too many levels of symbolic links");
}

TEST_F(StateFileTest, TellsTheTimeOfThisHost) {
  const Moment before = moment_now();
  EXPECT_EQ(before.boot_id.size(), 32U);
  EXPECT_GT(before.since_boot, 0s);
  EXPECT_GT(before.wall.time_since_epoch(), std::chrono::years(50));
  EXPECT_GE(moment_now().since_boot, before.since_boot);
}

}  // namespace
}  // namespace hlb
