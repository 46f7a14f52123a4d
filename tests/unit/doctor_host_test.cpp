// Machines laid out in a folder: their files, and those faults that can't be made on a real one
// everywhere.
#include "ctl/doctor/host.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "ctl/doctor/obstacles.h"
#include "folder.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

class MachineTest : public testing::Test {
 protected:
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories(machine_.at(path).parent_path());
    write_file(machine_.at(path), text);
  }

  std::string apparmor() {
    const Findings findings = check_apparmor(machine_);
    return findings.empty() ? ""
                            : findings[0].what + ". " + findings[0].why + " " + findings[0].mend;
  }

  Folder folder_;
  Host machine_ = Host(folder_.file(""));
};

TEST_F(MachineTest, ReadsItsOwnFilesAlone) {
  write("/etc/hosts", "of the machine's own");
  fs::create_symlink("/etc/hosts", machine_.at("/absolute"));
  fs::create_symlink("../../../../../../etc/hosts", machine_.at("/etc/climbing"));
  EXPECT_EQ(machine_.read("/etc/hosts").value(), "of the machine's own");
  EXPECT_EQ(machine_.read("/absolute").value(), "of the machine's own");
  EXPECT_EQ(machine_.read("/etc/climbing").value(), "of the machine's own");
  EXPECT_EQ(machine_.read("/etc/passwd").error().value(), ENOENT);
  EXPECT_EQ(machine_.read("/etc").error().value(), EISDIR);
  EXPECT_EQ(machine_.read("/etc/hosts", 2).value(), "of");
  EXPECT_EQ(machine_.list("/etc"), (std::vector<fs::path>{"/etc/climbing", "/etc/hosts"}));
  EXPECT_EQ(machine_.list("/nowhere"), std::vector<fs::path>{});
}

TEST_F(MachineTest, NeverWaitsForAFileThatIsAPipe) {
  ASSERT_EQ(::mkfifo(machine_.at("/pipe").c_str(), 0600), 0);
  EXPECT_EQ(machine_.read("/pipe").error().value(), EINVAL);
}

TEST_F(MachineTest, ReadsFilesOfProcWhoseSizeIsZero) {
  EXPECT_NE(Host().read("/proc/self/maps").value().find("unit_tests"), std::string::npos);
}

TEST_F(MachineTest, FindsEachFolderOnTheWayThatIsNotOpen) {
  write("/run/hlb/table", "");
  ::chmod(machine_.at("/").c_str(), 0755);
  ::chmod(machine_.at("/run").c_str(), 0711);
  ::chmod(machine_.at("/run/hlb").c_str(), 0700);
  ::chmod(machine_.at("/run/hlb/table").c_str(), 0640);
  const Findings findings = check_open_to_all(machine_, "/run/hlb/table", "");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].what, "/run/hlb isn't open to every user (its mode is 0700)");
  EXPECT_EQ(findings[0].mend, "Type: chmod o+x /run/hlb");
  EXPECT_EQ(findings[1].what, "/run/hlb/table isn't open to every user (its mode is 0640)");
  EXPECT_EQ(findings[1].mend, "Type: chmod o+r /run/hlb/table");
  EXPECT_TRUE(check_open_to_all(machine_, "/run/nothing", "").empty());
}

constexpr char kProfiles[] = "/sys/kernel/security/apparmor/profiles";
constexpr char kAbstraction[] = "/etc/apparmor.d/abstractions/nameservice";

TEST_F(MachineTest, HasNothingToDoWithAppArmorThatConfinesNobody) {
  EXPECT_EQ(apparmor(), "");
  write(kProfiles, "");
  EXPECT_EQ(apparmor(), "");
  write(kProfiles, "/usr/bin/man (complain)\n");
  EXPECT_EQ(apparmor(), "");
}

TEST_F(MachineTest, HasConfinedProgramsThatMayNotReadTheTable) {
  write(kProfiles, "/usr/bin/man (enforce)\nnamed (complain)\n/usr/sbin/ntpd (enforce)\n");
  write(kAbstraction, "  /etc/hosts r,\n  # @{run}/hlb/* rw,\n  /run/hlb-other/* r,\n");
  EXPECT_EQ(apparmor(),
            "it confines 2 programs, and /etc/apparmor.d/abstractions/nameservice doesn't let them "
            "read /run/hlb. Their lookups aren't answered by hlb. Write \"@{run}/hlb/* rw,\" into "
            "/etc/apparmor.d/abstractions/nameservice.d/hlb; then type: systemctl reload apparmor");
}

TEST_F(MachineTest, HasConfinedProgramsThatMayReadTheTable) {
  write(kProfiles, "/usr/bin/man (enforce)\n");
  write(kAbstraction, "  /run/hlb/table r,\n");
  EXPECT_EQ(apparmor(), "");
  write(kAbstraction, "  include if exists <abstractions/nameservice.d>\n");
  EXPECT_NE(apparmor(), "");
  write(fs::path(kAbstraction).concat(".d/hlb"), "  @{run}/hlb/table r,\n");
  EXPECT_EQ(apparmor(), "");
}

}  // namespace
}  // namespace hlb::ctl::doctor
