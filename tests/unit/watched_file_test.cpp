// Files that change in every way we know, under a real inotify.
#include "probes/file/watched_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/unit/folder.h"
#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Monotonic = std::chrono::steady_clock;

// Longer than any test: refresh() then looks the first time alone.
constexpr std::chrono::milliseconds kNever = 1h;
constexpr std::chrono::milliseconds kAlways{0};

class WatchedFileTest : public testing::Test {
 protected:
  std::shared_ptr<WatchedFiles> make_files() {
    return std::make_shared<WatchedFiles>(
        loop_.get_executor(), workers_,
        [this](const FileChange& change) { changes_.push_back(change); });
  }
  ~WatchedFileTest() override { files_->end(); }

  // The file as its first check found it.
  std::shared_ptr<WatchedFile> begin(const std::string& path) {
    auto file = files_->get(path);
    refresh(*file, kNever);
    poll();
    return file;
  }

  void refresh(WatchedFile& file, std::chrono::milliseconds rest) {
    std::optional<bool> looked;
    asio::co_spawn(loop_, file.refresh(rest, kPlenty),
                   [&](const std::exception_ptr& /*error*/, bool in_time) { looked = in_time; });
    run_until([&] { return looked.has_value(); });
    EXPECT_TRUE(looked.value_or(false));
  }

  void poll() {
    loop_.restart();
    loop_.poll();
  }

  // Turns the loop until `done`, or for so long that it will never be.
  template <typename Done>
  bool run_until(Done done) {
    const auto deadline = Monotonic::now() + kPlenty;
    while (!done() && Monotonic::now() < deadline) {
      loop_.restart();
      loop_.run_one_for(10ms);
    }
    return done();
  }

  // Everything that has happened is told when a change that comes after it is.
  void settle() {
    replace_file(other_path_, "10.9.9.9 " + std::to_string(++settled_) + "%\n");
    if (other_ == nullptr) other_ = begin(other_path_);
    const auto told = [this] { return says(*other_, "10.9.9.9", std::to_string(settled_) + "%"); };
    EXPECT_TRUE(run_until(told));
    loop_.restart();
    loop_.run_for(2 * WatchedFile::kPause);
    std::erase_if(changes_, [this](const FileChange& each) { return each.path == other_path_; });
  }

  static bool says(const WatchedFile& file, std::string_view address, std::string_view words) {
    if (file.contents() == nullptr) return false;
    const BackendFile::Line* line = file.contents()->find(Address::parse(address).value(), 0);
    return line != nullptr && line->words.substr(1) == words;
  }

  bool comes_to_say(const WatchedFile& file, std::string_view address, std::string_view words) {
    return run_until([&] { return says(file, address, words); });
  }

  asio::io_context loop_{1};
  FolderWorkers workers_{loop_.get_executor()};
  Folder folder_;
  std::string path_ = folder_.file("backends");
  std::vector<FileChange> changes_;
  std::shared_ptr<WatchedFiles> files_ = make_files();

 private:
  std::string other_path_ = folder_.file("other");
  std::shared_ptr<WatchedFile> other_;
  int settled_ = 0;
};

TEST_F(WatchedFileTest, IsReadAtTheFirstLook) {
  write_file(path_, "10.0.0.1 up\n");
  const auto file = begin(path_);
  EXPECT_TRUE(says(*file, "10.0.0.1", "up"));
  EXPECT_EQ(file->trouble(), "");
  EXPECT_THAT(changes_, IsEmpty());
}

TEST_F(WatchedFileTest, TellsWhoseLinesChangedWhenItIsReplaced) {
  write_file(path_, "10.0.0.1 up\n10.0.0.2 up\n");
  const auto file = begin(path_);
  replace_file(path_, "10.0.0.2 down\n10.0.0.1 up\n");
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.2", "down"));
  poll();
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_EQ(changes_[0].path, path_);
  EXPECT_THAT(changes_[0].addresses, ElementsAre(Address::parse("10.0.0.2").value()));
  EXPECT_THAT(changes_[0].faults, IsEmpty());
}

TEST_F(WatchedFileTest, IsReadAgainWhenItIsWrittenInPlace) {
  write_file(path_, "10.0.0.1 up\n");
  const auto file = begin(path_);
  write_file(path_, "10.0.0.1 down\n");
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "down"));
}

TEST_F(WatchedFileTest, IsReadAgainThoughNeitherSizeNorTimeTellsTheChange) {
  write_file(path_, "10.0.0.1 10%\n");
  const auto file = begin(path_);
  const auto time = std::filesystem::last_write_time(path_);
  for (const std::string_view words : {"20%", "30%", "40%"}) {
    write_file(path_, "10.0.0.1 " + std::string(words) + "\n");
    std::filesystem::last_write_time(path_, time);
    EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", words));
  }
}

TEST_F(WatchedFileTest, EndsUpWithTheLastOfManyChanges) {
  write_file(path_, "10.0.0.1 0%\n");
  const auto file = begin(path_);
  for (int i = 1; i <= 500; ++i) {
    replace_file(path_, "10.0.0.1 " + std::to_string(i) + "%\n");
    poll();
  }
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "500%"));
}

TEST_F(WatchedFileTest, IsNotReadMoreOftenThanItsPause) {
  write_file(path_, "10.0.0.1 0%\n");
  const auto file = begin(path_);
  const auto started = Monotonic::now();
  for (int i = 1; Monotonic::now() - started < 4 * WatchedFile::kPause; ++i) {
    replace_file(path_, "10.0.0.1 " + std::to_string(i) + "%\n");
    poll();
  }
  const auto pauses = (Monotonic::now() - started) / WatchedFile::kPause;
  EXPECT_LE(changes_.size(), static_cast<std::size_t>(pauses) + 1);
}

TEST_F(WatchedFileTest, MayComeGoAndComeBack) {
  const auto file = begin(path_);
  EXPECT_EQ(file->contents(), nullptr);
  EXPECT_EQ(file->trouble(), "cannot be read: No such file or directory");
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_THAT(changes_[0].addresses, IsEmpty());
  EXPECT_THAT(changes_[0].faults,
              ElementsAre(FileFault{0, "cannot be read: No such file or directory"}));

  write_file(path_, "10.0.0.1 up\n");
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "up"));
  poll();
  EXPECT_THAT(changes_.back().addresses, ElementsAre(Address::parse("10.0.0.1").value()));
  EXPECT_THAT(changes_.back().faults, IsEmpty());

  std::filesystem::remove(path_);
  EXPECT_TRUE(run_until([&] { return file->contents() == nullptr; }));
  replace_file(path_, "10.0.0.1 down\n");
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "down"));
}

TEST_F(WatchedFileTest, TellsOfAFaultOnceUntilItChanges) {
  write_file(path_, "10.0.0.1 dwn\n");
  const auto file = begin(path_);
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_EQ(changes_[0].faults.at(0).line, 1U);
  write_file(path_, "10.0.0.1 dwn\n");
  settle();
  EXPECT_EQ(changes_.size(), 1U);
  write_file(path_, "\n10.0.0.1 dwn\n");
  settle();
  ASSERT_EQ(changes_.size(), 2U);
  EXPECT_EQ(changes_[1].faults.at(0).line, 2U);
}

TEST_F(WatchedFileTest, IsNotDisturbedByItsNeighbours) {
  write_file(path_, "10.0.0.1 up\n");
  const auto file = begin(path_);
  for (int i = 0; i < 100; ++i) {
    write_file(folder_.file("neighbour"), std::to_string(i));
    poll();
  }
  settle();
  EXPECT_THAT(changes_, IsEmpty());
  EXPECT_TRUE(says(*file, "10.0.0.1", "up"));
}

TEST_F(WatchedFileTest, MayBeReachedThroughALinkThatIsSwitched) {
  write_file(folder_.file("one"), "10.0.0.1 up\n");
  write_file(folder_.file("two"), "10.0.0.1 down\n");
  std::filesystem::create_symlink("one", path_);
  const auto file = begin(path_);
  EXPECT_TRUE(says(*file, "10.0.0.1", "up"));
  std::filesystem::create_symlink("two", folder_.file("next"));
  std::filesystem::rename(folder_.file("next"), path_);
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "down"));
}

// ---- the folder --------------------------------------------------------------------------------

TEST_F(WatchedFileTest, InAFolderThatDoesNotExistYetIsFoundByTheNextLook) {
  const std::string path = folder_.file("later/backends");
  const auto file = begin(path);
  EXPECT_EQ(file->trouble(), "cannot be read: No such file or directory");
  std::filesystem::create_directory(folder_.file("later"));
  write_file(path, "10.0.0.1 up\n");
  refresh(*file, kAlways);
  EXPECT_TRUE(says(*file, "10.0.0.1", "up"));
  // From now on it is watched as well.
  replace_file(path, "10.0.0.1 down\n");
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "down"));
}

TEST_F(WatchedFileTest, IsFollowedIntoAFolderThatTookTheOldOnesPlace) {
  const std::string path = folder_.file("live/backends");
  std::filesystem::create_directory(folder_.file("live"));
  std::filesystem::create_directory(folder_.file("next"));
  write_file(path, "10.0.0.1 up\n");
  write_file(folder_.file("next/backends"), "10.0.0.1 down\n");
  const auto file = begin(path);
  std::filesystem::rename(folder_.file("live"), folder_.file("old"));
  EXPECT_TRUE(run_until([&] { return file->contents() == nullptr; }));
  std::filesystem::rename(folder_.file("next"), folder_.file("live"));
  refresh(*file, kAlways);
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "down"));
  replace_file(path, "10.0.0.1 drain\n");
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "drain"));
}

TEST_F(WatchedFileTest, IsFoundAgainWhenItsFolderWasDeletedAndMadeAnew) {
  const std::string path = folder_.file("live/backends");
  std::filesystem::create_directory(folder_.file("live"));
  write_file(path, "10.0.0.1 up\n");
  const auto file = begin(path);
  std::filesystem::remove_all(folder_.file("live"));
  EXPECT_TRUE(run_until([&] { return file->contents() == nullptr; }));
  std::filesystem::create_directory(folder_.file("live"));
  write_file(path, "10.0.0.1 down\n");
  refresh(*file, kAlways);
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "down"));
  replace_file(path, "10.0.0.1 drain\n");
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "drain"));
}

// ---- what isn't to be read ---------------------------------------------------------------------

TEST_F(WatchedFileTest, IsNoFolderAndNoPipe) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(begin(path_)->trouble(), "is not a regular file");
  const std::string folder = folder_.file("folder");
  std::filesystem::create_directory(folder);
  EXPECT_EQ(begin(folder)->trouble(), "is not a regular file");
}

TEST_F(WatchedFileTest, IsAMebibyteAtMost) {
  std::string text = "10.0.0.1 up\n";
  text.resize(BackendFile::kMaxSize, '\n');
  write_file(path_, text);
  const auto file = begin(path_);
  EXPECT_TRUE(says(*file, "10.0.0.1", "up"));
  write_file(path_, text + "\n");
  EXPECT_TRUE(run_until([&] { return file->trouble() == "is larger than 1 MiB"; }));
}

TEST_F(WatchedFileTest, IsTriedAgainWhenNoDescriptorWasLeft) {
  write_file(path_, "10.0.0.1 up\n");
  const auto file = files_->get(path_);
  {
    const NoDescriptors none;
    refresh(*file, kAlways);
    EXPECT_EQ(file->trouble(), "cannot be read: Too many open files");
  }
  EXPECT_TRUE(run_until([&] {
    refresh(*file, kAlways);
    return says(*file, "10.0.0.1", "up");
  }));
  // Now there is one for inotify as well.
  replace_file(path_, "10.0.0.1 down\n");
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "down"));
}

TEST_F(WatchedFileTest, LeavesNoDescriptorBehind) {
  const std::size_t before = open_descriptors();
  write_file(path_, "10.0.0.1 up\n");
  begin(path_);
  files_->end();
  poll();
  files_ = make_files();
  EXPECT_TRUE(run_until([&] { return open_descriptors() == before; }));
}

// ---- its age -----------------------------------------------------------------------------------

TEST_F(WatchedFileTest, IsAtFirstAsOldAsItsTimeSays) {
  write_file(path_, "10.0.0.1 up\n");
  make_older(path_, 1h);
  const auto file = begin(path_);
  EXPECT_GE(file->age(), 1h);
  EXPECT_LT(file->age(), 2h);
}

TEST_F(WatchedFileTest, IsYoungWhenItsTimeIsInTheFuture) {
  write_file(path_, "10.0.0.1 up\n");
  make_older(path_, -24h);
  EXPECT_LT(begin(path_)->age(), 1h);
}

TEST_F(WatchedFileTest, IsAsOldAsTheChangeThatWasSeenWhateverItsTimeSays) {
  write_file(path_, "10.0.0.1 up\n");
  make_older(path_, 2h);
  const auto file = begin(path_);
  write_file(path_ + ".new", "10.0.0.1 down\n");
  make_older(path_ + ".new", 1h);
  std::filesystem::rename(path_ + ".new", path_);
  EXPECT_TRUE(comes_to_say(*file, "10.0.0.1", "down"));
  EXPECT_LT(file->age(), 1h);
}

TEST_F(WatchedFileTest, IsMadeYoungerByATouchAndNotByOtherRights) {
  write_file(path_, "10.0.0.1 up\n");
  make_older(path_, 1h);
  const auto file = begin(path_);
  std::filesystem::permissions(path_, std::filesystem::perms::owner_read);
  settle();
  EXPECT_GE(file->age(), 1h);
  ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), nullptr, 0), 0);
  EXPECT_TRUE(run_until([&] { return file->age() < 1h; }));
  EXPECT_THAT(changes_, IsEmpty());
}

// ---- all of them -------------------------------------------------------------------------------

TEST_F(WatchedFileTest, IsSharedByAllThatNameItAndGoesWithTheLast) {
  auto one = files_->get(path_);
  EXPECT_EQ(files_->get(path_), one);
  const std::weak_ptr<WatchedFile> watched = one;
  one.reset();
  EXPECT_TRUE(watched.expired());
  files_->get(path_);
  EXPECT_TRUE(watched.expired());
}

TEST_F(WatchedFileTest, OfOneFolderAreToldApart) {
  write_file(path_, "10.0.0.1 up\n");
  write_file(folder_.file("second"), "10.0.0.1 up\n");
  const auto one = begin(path_);
  auto two = begin(folder_.file("second"));
  replace_file(path_, "10.0.0.1 down\n");
  EXPECT_TRUE(comes_to_say(*one, "10.0.0.1", "down"));
  EXPECT_TRUE(says(*two, "10.0.0.1", "up"));
  two.reset();
  replace_file(path_, "10.0.0.1 drain\n");
  EXPECT_TRUE(comes_to_say(*one, "10.0.0.1", "drain"));
}

TEST_F(WatchedFileTest, IsLeftAloneOnceAllIsEnded) {
  write_file(path_, "10.0.0.1 up\n");
  const auto file = begin(path_);
  files_->end();
  replace_file(path_, "10.0.0.1 down\n");
  loop_.restart();
  loop_.run_for(2 * WatchedFile::kPause);
  EXPECT_THAT(changes_, IsEmpty());
  files_ = make_files();
  refresh(*file, kAlways);
  EXPECT_TRUE(says(*file, "10.0.0.1", "up"));
}

}  // namespace
}  // namespace hlb::probes
