// Processes as a folder with /proc in it shows them.
#include "ctl/doctor/process.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "ctl/doctor/program.h"
#include "folder.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() {
    write("/proc/stat", "cpu 1 2 3\nbtime 1000\nprocesses 7\n");
    write("/proc/77/stat", "77 (a ) b) S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 " +
                               std::to_string(5 * sysconf(_SC_CLK_TCK)) + " 0\n");
    write("/proc/77/cmdline", {"java\0-jar\0a.jar\0", 16});
    write("/proc/77/environ", {"GODEBUGGED=no\0GODEBUG=netdns=go\0", 32});
    write("/proc/77/maps",
          "1-2 r-xp 0 08:01 7                 /opt/java/bin/java\n"
          "2-3 rw-p 0 08:01 7                 /opt/java/bin/java\n"
          "3-4 rw-p 0 00:00 0                 [heap]\n"
          "4-5 r-xp 0 08:01 9                 /usr/lib/libnss_hlb.so.2 (deleted)\n");
    fs::create_symlink("/opt/java/bin/java", machine_.at("/proc/77/exe"));
  }

  void write(const fs::path& path, std::string_view text) {
    fs::create_directories(machine_.at(path).parent_path());
    write_file(machine_.at(path), text);
  }

  // What a process is found to do with addresses, if java is started with this.
  std::string keeps(std::vector<std::string> arguments) {
    ExaminedProgram program;
    program.process = Process::read(machine_, 77);
    program.process->arguments = std::move(arguments);
    program.name = "java";
    const Findings findings = check_runtime(machine_, program);
    return findings.empty() ? "nothing" : findings[0].what;
  }

  Folder folder_;
  Host machine_ = Host(folder_.file(""));
};

TEST_F(ProcessTest, IsReadFromProc) {
  const Process process = Process::read(machine_, 77);
  EXPECT_EQ(process.error, 0);
  EXPECT_EQ(process.program, "/opt/java/bin/java");
  EXPECT_EQ(process.arguments, (std::vector<std::string>{"java", "-jar", "a.jar"}));
  EXPECT_EQ(process.variable("GODEBUG"), "netdns=go");
  EXPECT_EQ(process.variable("GODE"), "");
  EXPECT_EQ(process.mapped,
            (std::vector<std::string>{"/opt/java/bin/java", "/usr/lib/libnss_hlb.so.2 (deleted)"}));
  EXPECT_EQ(process.started_at, 1005);
}

TEST_F(ProcessTest, IsAnErrorWhenItIsNotThere) {
  EXPECT_EQ(Process::read(machine_, 78).error, ENOENT);
}

TEST_F(ProcessTest, ToleratesAnyBytesInProc) {
  for (const std::string_view text : {"", "77", "77 (a", ")", "\xff\0)"}) {
    write("/proc/77/stat", text);
    write("/proc/77/maps", text);
    EXPECT_EQ(Process::read(machine_, 77).mapped, std::vector<std::string>{});
  }
}

TEST_F(ProcessTest, OfAnOldGlibcKeepsTheNsswitchConfOfItsStart) {
  write("/proc/77/root/etc/nsswitch.conf", "hosts: files hlb\n");
  write("/etc/nsswitch.conf", "hosts: files hlb\n");
  const auto found = [this](const std::string& libc) {
    write("/proc/77/maps", "1-2 r-xp 0 08:01 7 /lib/" + libc + "\n");
    const Findings findings = check_process(machine_, Process::read(machine_, 77), "", "/run/hlb");
    return findings.empty() ? "nothing" : findings[0].what + ". " + findings[0].why;
  };
  EXPECT_EQ(found("libc-2.31.so"),
            "process 77 was started before /etc/nsswitch.conf was changed. Its glibc, 2.31, reads "
            "that file once.");
  EXPECT_EQ(found("libc-2.33.so"), "nothing");
  EXPECT_EQ(found("libc.so.6"), "nothing");
}

TEST_F(ProcessTest, OfAnotherArchitectureNeedsAModuleOfIt) {
  ExaminedProgram program;
  program.name = "old";
  program.elf.bits = 32;
  program.elf.machine = EM_386;
  program.elf.interpreter = "/lib/ld-linux.so.2";
  const Findings findings = check_resolver(machine_, program);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].what,
            "old is of another architecture (32 bits), and has no libnss_hlb.so.2");
}

TEST_F(ProcessTest, OfJavaKeepsAddressesAsItsOptionsSay) {
  EXPECT_EQ(keeps({"java"}), "java keeps addresses for 30 s");
  EXPECT_EQ(keeps({"java", "-Dsun.net.inetaddr.ttl=0"}), "nothing");
  EXPECT_EQ(keeps({"java", "-Dsun.net.inetaddr.ttl=7"}), "java keeps addresses for 7 s");
  EXPECT_EQ(keeps({"java", "-Djava.security.manager"}),
            "java keeps addresses for as long as it runs");
}

TEST_F(ProcessTest, OfJavaTakesItsSettingsBeforeItsOptions) {
  write("/proc/77/root/opt/java/conf/security/java.security", "networkaddress.cache.ttl=3\n");
  EXPECT_EQ(keeps({"java", "-Dsun.net.inetaddr.ttl=0"}), "java keeps addresses for 3 s");
}

}  // namespace
}  // namespace hlb::ctl::doctor
