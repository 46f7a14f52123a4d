#include "ctl/doctor/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <thread>

#include "ctl/doctor/process.h"
#include "ctl/doctor/program.h"
#include "folder.h"
#include "libnss_hlb/bytes.h"
#include "libnss_hlb/clock.h"
#include "published.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;
using testing::StartsWith;

// A machine whose hlbd has just renewed its table, and listens.
class DoctorOnDaemon : public testing::Test {
 protected:
  DoctorOnDaemon() {
    fs::create_directories(machine_.at("/run/hlb"));
    auto table = table_of({Sample("app.local").alias("app").backend("10.0.0.1")});
    store(table.data() + table::at::kLeaseUntil, read_clock(CLOCK_BOOTTIME) + kNsPerSecond);
    write("/run/hlb/table", {reinterpret_cast<const char*>(table.data()), table.size()});
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    machine_.at("/run/hlb/bus").string().copy(address.sun_path, sizeof address.sun_path);
    ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(socket_.get(), 1);
  }

  void write(const fs::path& path, std::string_view text) {
    fs::create_directories(machine_.at(path).parent_path());
    write_file(machine_.at(path), text);
  }

  std::string found(const OnBus& bus) {
    const Findings findings = check_daemon(machine_, Published(machine_, "/run/hlb"), bus, config_);
    std::string text;
    for (const Finding& finding : findings)
      text += finding.what + "\n";
    return text;
  }

  Folder folder_;
  fs::path config_ = fs::path(__FILE__).parent_path() / "../../hlbd/data/hlbd.toml";
  Host machine_ = Host(folder_.file(""));
  FileDescriptor socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
};

OnBus present(std::string version) {
  return {OnBus::Presence::present, "", std::move(version)};
}

TEST_F(DoctorOnDaemon, HasNothingToSayOfOneInOrder) {
  EXPECT_EQ(found(present(HLB_VERSION)), "");
}

TEST_F(DoctorOnDaemon, NotesAnotherVersion) {
  EXPECT_EQ(found(present("0.0.9")), "it is of version 0.0.9, hlbctl of version " HLB_VERSION "\n");
}

TEST_F(DoctorOnDaemon, SaysNothingOfOneThatDoesNotTellItsVersion) {
  EXPECT_EQ(found(present("")), "");
}

TEST_F(DoctorOnDaemon, FindsASocketThatNobodyListensOn) {
  socket_ = FileDescriptor(-1);
  EXPECT_EQ(found(present(HLB_VERSION)), "its socket /run/hlb/bus: Connection refused\n");
}

TEST_F(DoctorOnDaemon, FindsOneThatHasJustEnded) {
  socket_ = FileDescriptor(-1);
  EXPECT_EQ(found({}), "it isn't running: /run/hlb/table is no longer renewed\n");
}

TEST_F(DoctorOnDaemon, MissesTheSocketAloneOfOneThatRenewsItsTable) {
  socket_ = FileDescriptor(-1);
  std::fstream table(machine_.at("/run/hlb/table"), std::ios::in | std::ios::out);
  const std::jthread hlbd([&table](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const std::uint64_t until = read_clock(CLOCK_BOOTTIME) + kNsPerSecond;
      table.seekp(table::at::kLeaseUntil)
          .write(reinterpret_cast<const char*>(&until), sizeof until);
      table.flush();
    }
  });
  EXPECT_THAT(found({}), StartsWith("its socket /run/hlb/bus: Connection refused\n"));
}

TEST_F(DoctorOnDaemon, TakesAFullBacklogForAListener) {
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(found(present(HLB_VERSION)), "");
}

TEST_F(DoctorOnDaemon, FindsATableOfAnyBytesToBeNone) {
  for (const std::string_view bytes : {"", "hlbtable", "no table at all"}) {
    write("/run/hlb/table", bytes);
    EXPECT_EQ(found(present(HLB_VERSION)), "/run/hlb/table is no table of hlbd's\n");
  }
}

TEST_F(DoctorOnDaemon, ListsTheNamesOfTheTable) {
  EXPECT_EQ(Published(machine_, "/run/hlb").names(),
            (std::vector<std::string>{"app", "app.local"}));
  EXPECT_EQ(Published(machine_, "/nowhere").names(), std::vector<std::string>{});
}

}  // namespace
}  // namespace hlb::ctl::doctor
