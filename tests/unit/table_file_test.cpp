// The table's file: its place, the succession of tables, and what others do to it.
#include "publish/table_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "folder.h"
#include "libnss_hlb/clock.h"
#include "published.h"

namespace hlb {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKept = 65536;  // of an old table

std::vector<std::uint8_t> large_table() {
  std::vector<Sample> services;
  for (int i = 0; i < 2000; ++i)
    services.emplace_back("app" + std::to_string(i) + ".local");
  return table_of(services);
}

// What a program sees that has mapped the table.
class Program {
 public:
  explicit Program(const fs::path& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    size_ = fs::file_size(path);
    start_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
    close(file);
  }
  ~Program() { munmap(start_, size_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::span<const std::uint8_t> bytes() const {
    return {static_cast<const std::uint8_t*>(start_), size_};
  }
  table::View view() const { return table::View::over(bytes()); }

 private:
  void* start_ = nullptr;
  std::size_t size_ = 0;
};

class TableFile : public testing::Test {
 protected:
  fs::path path(const char* name = "table") const { return folder_.path() / name; }
  bool stands(std::string_view name) const {
    const Program program(path());
    return program.view().valid() && program.view().find(Name(name)).valid();
  }

  Folder folder_;
  publish::TableFile file_{folder_.path()};
};

TEST_F(TableFile, IsCurrentOnceItIsInPlace) {
  file_.publish(table_of({Sample()}));
  const Program program(path());
  EXPECT_EQ(program.view().freshness(read_clock(CLOCK_BOOTTIME)), table::Freshness::current);
  EXPECT_FALSE(program.view().superseded());
  EXPECT_EQ(fs::status(path()).permissions() & fs::perms::all, fs::perms{0644});
  EXPECT_TRUE(file_.renew());
}

TEST_F(TableFile, TellsProgramsOfChangesInPlace) {
  file_.publish(table_of({Sample().backend("10.0.0.1")}));
  const Program program(path());
  file_.live().tell(Sample().backend("10.0.0.1", {.state = State::down}).verdict());
  EXPECT_FALSE(program.view().find(Name("app.local")).state(0).up());
}

TEST_F(TableFile, TurnsProgramsToTheNextOne) {
  file_.publish(table_of({Sample("one.local")}));
  const Program program(path());
  file_.publish(table_of({Sample("two.local")}));
  EXPECT_TRUE(program.view().superseded());
  EXPECT_TRUE(program.view().find(Name("one.local")).valid()) << "who is late still reads it";
  EXPECT_TRUE(stands("two.local"));
  EXPECT_GT(file_.rested_at(), publish::TableFile::Monotonic::now());
}

TEST_F(TableFile, GivesTheRoomOfAnOldTableBackButForItsStart) {
  file_.publish(large_table());
  const Program program(path());
  file_.publish(large_table());
  EXPECT_NE(program.bytes().back(), 0);
  file_.publish(large_table());
  EXPECT_EQ(program.bytes().back(), 0);
  EXPECT_NE(program.bytes()[kKept - 1] | program.bytes()[kKept - 2] | program.bytes()[0], 0);
  EXPECT_TRUE(program.view().superseded_meanwhile());
}

TEST_F(TableFile, ALargeOneIsPreparedInPartsWhileTheOneBeforeStands) {
  std::vector<std::uint8_t> large = large_table();
  large.resize(5 << 20U);
  file_.publish(table_of({Sample("one.local")}));
  ASSERT_FALSE(file_.prepare(3 << 20U));  // one that is dropped for the other
  int parts = 0;
  for (bool whole = false; !whole; ++parts) {
    whole = file_.prepare(large.size());
    EXPECT_TRUE(stands("one.local"));
    EXPECT_TRUE(file_.renew());
    EXPECT_FALSE(fs::exists(path("table.spare"))) << "room for a third";
  }
  EXPECT_GT(parts, 3);
  file_.publish(large);
  EXPECT_EQ(Program(path()).bytes().size(), large.size());
  EXPECT_TRUE(
      std::ranges::equal(Program(path()).bytes().subspan(64), std::span(large).subspan(64)));
}

TEST_F(TableFile, KeepsRoomForTheNextOne) {
  const auto table = large_table();
  file_.publish(table);
  file_.renew();
  ASSERT_TRUE(fs::exists(path("table.spare")));
  EXPECT_GE(fs::file_size(path("table.spare")), table.size());
  file_.publish(table);
  EXPECT_FALSE(fs::exists(path("table.spare"))) << "it has become the table";
  EXPECT_EQ(fs::file_size(path()), table.size());
}

TEST_F(TableFile, ATableThatWasRemovedReplacedOrWrittenToIsNoticed) {
  const auto table = table_of({Sample()});
  file_.publish(table);
  fs::remove(path());
  EXPECT_FALSE(file_.renew());
  file_.publish(table);
  EXPECT_TRUE(file_.renew());

  fs::rename(path(), path("away"));
  fs::copy(path("away"), path());
  EXPECT_FALSE(file_.renew()) << "another file stands there";
  file_.publish(table);

  std::fstream(path(), std::ios::in | std::ios::out | std::ios::binary)
      .write(reinterpret_cast<const char*>(table.data()),
             static_cast<std::streamsize>(table.size()));
  EXPECT_FALSE(file_.renew()) << "somebody wrote to it";
  file_.publish(table);

  fs::resize_file(path(), 10);
  EXPECT_FALSE(file_.renew()) << "somebody cut it";
  file_.publish(table);
  EXPECT_TRUE(file_.renew());
}

TEST_F(TableFile, MayBeWrittenToWhenItHasOtherTimes) {
  const auto table = table_of({Sample()});
  file_.publish(table);
  EXPECT_FALSE(file_.may_be_written_to());
  const auto then = fs::last_write_time(path()) + std::chrono::seconds(1);
  std::fstream(path(), std::ios::in | std::ios::out | std::ios::binary).seekp(100) << "junk";
  fs::last_write_time(path(), then);  // clocks of files are coarse
  EXPECT_TRUE(file_.renew());
  EXPECT_TRUE(file_.may_be_written_to());
  file_.publish(table);
  EXPECT_FALSE(file_.may_be_written_to());
}

TEST_F(TableFile, IsNotTouchedAnyMoreOnceItWasCutToNothing) {
  file_.publish(table_of({Sample()}));
  fs::resize_file(path(), 0);
  EXPECT_FALSE(file_.renew());
  file_.give_up();
  EXPECT_FALSE(file_.live().tell(Sample().verdict()));
}

TEST_F(TableFile, OneThatIsGivenUpTurnsProgramsAway) {
  file_.publish(table_of({Sample()}));
  const Program program(path());
  fs::rename(path(), path("away"));
  fs::copy(path("away"), path());
  const Program late(path());
  file_.give_up();
  EXPECT_TRUE(program.view().superseded());
  EXPECT_TRUE(late.view().superseded());
}

TEST_F(TableFile, APredecessorOfAnyVersionIsSuperseded) {
  auto old = table_of({Sample()});
  old[table::at::kMajorVersion] = 1;
  std::ofstream(path(), std::ios::binary)
      .write(reinterpret_cast<const char*>(old.data()), static_cast<std::streamsize>(old.size()));
  const Program program(path());
  file_.supersede_predecessor();
  EXPECT_EQ(program.bytes()[table::at::kSuperseded], 1);
  file_.publish(table_of({Sample("new.local")}));
  EXPECT_TRUE(stands("new.local"));
}

TEST_F(TableFile, WhatACrashHasLeftUnderTheNameOfTheNextIsEnded) {
  std::ofstream(path("table.new"), std::ios::binary) << "half a table";
  file_.publish(table_of({Sample()}));
  EXPECT_TRUE(stands("app.local"));
  EXPECT_FALSE(fs::exists(path("table.new")));
}

TEST_F(TableFile, ARetiredTableSaysSo) {
  publish::retire_table(folder_.path());  // none as yet
  file_.publish(table_of({Sample()}));
  const Program program(path());
  EXPECT_FALSE(program.view().retired());
  publish::retire_table(folder_.path());
  EXPECT_TRUE(program.view().retired());
}

}  // namespace
}  // namespace hlb
