// Whether connections can be ended, as the bus and a folder with /etc, /proc and /run show it.
#include "ctl/doctor/connections.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "folder.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr char kConfig[] = "/etc/hlb/hlbd.toml";
constexpr char kSocket[] = "/run/hlb-connections/socket";
constexpr char kStartIt[] = "Type: systemctl enable --now hlb-connections.socket";
constexpr char kWayOut[] = "Iface\tDestination\tGateway \tFlags\neth0\t00000000\t0100580A\t0003\n";

// hlbd, in process 10, has a service whose connections are to be ended, and all is in order.
class DoctorOnConnections : public testing::Test {
 protected:
  DoctorOnConnections() {
    configure("stale");
    write("/run/hlb/table", "a table");
    write(kSocket, "");
    arguments(fmt::format("--connections-socket={}", kSocket));
    process(10, "hlbd", "net:[1]", kWayOut);
    process(11, "bash", "net:[1]", kWayOut);
  }

  void write(const fs::path& path, std::string_view text) {
    fs::create_directories(machine_.at(path).parent_path());
    write_file(machine_.at(path), text);
  }

  void configure(const std::string& rule) {
    write(kConfig,
          "[[service]]\nname = \"app.test\"\nbackends = [\"10.0.0.1\"]\n"
          "close_connections = \"" +
              rule +
              "\"\n"
              "[service.check]\ntype = \"tcp\"\nport = 80\n");
  }

  void arguments(const std::string& each) {
    write("/proc/10/cmdline", std::string("/usr/sbin/hlbd") + '\0' + each + '\0');
  }

  // A process in this network namespace, which sees hlbd's table.
  void process(int pid, const std::string& name, const std::string& network,
               std::string_view routes) {
    const std::string folder = "/proc/" + std::to_string(pid);
    write(folder + "/comm", name + "\n");
    write(folder + "/net/route", routes);
    fs::create_directories(machine_.at(folder + "/ns"));
    fs::create_symlink(network, machine_.at(folder + "/ns/net"));
    fs::create_directories(machine_.at(folder + "/root/run/hlb"));
    fs::create_hard_link(machine_.at("/run/hlb/table"),
                         machine_.at(folder + "/root/run/hlb/table"));
  }

  Findings find() const { return check_connections(machine_, "/run/hlb", bus_); }

  // What is found, and what to do about it, a line each.
  std::string found() const {
    std::string text;
    for (const Finding& finding : find())
      text += finding.what + ". " + finding.mend + "\n";
    return text;
  }

  Folder folder_;
  Host machine_ = Host(folder_.file(""));
  OnBus bus_ = {.presence = OnBus::Presence::present,
                .trouble = "",
                .version = HLB_VERSION,
                .config_file = kConfig,
                .pid = 10};
};

TEST_F(DoctorOnConnections, HasNothingToSayWhereTheyCanBeEnded) {
  EXPECT_EQ(found(), "");
  bus_.troubles = {"states: can't write /var/lib/hlb/state.json: No space left on device"};
  EXPECT_EQ(found(), "");
}

TEST_F(DoctorOnConnections, NotesAKernelThatCanNotEndAny) {
  bus_.troubles = {"connections: this kernel can't end any: CONFIG_INET_DIAG_DESTROY is off"};
  EXPECT_EQ(found(),
            "this kernel can't end any: CONFIG_INET_DIAG_DESTROY is off. Boot a kernel that was "
            "built with it, as Debian's are.\n");
  EXPECT_EQ(find()[0].severity, Finding::Severity::note);
}

TEST_F(DoctorOnConnections, SaysWhatToStartIfHlbdCanNotReachWhatEndsThem) {
  const std::string trouble = "can't reach hlb-connections: No such file or directory";
  bus_.troubles = {"connections: " + trouble};
  EXPECT_EQ(found(), trouble + ". " + kStartIt + "\n");
}

TEST_F(DoctorOnConnections, PointsAtTheLogsIfHlbdItselfStartsWhatEndsThem) {
  arguments("--bus=system");
  bus_.troubles = {"connections: hlb-connections has gone"};
  EXPECT_EQ(found(),
            "hlb-connections has gone. Read the logs: journalctl -u hlb-connections -u hlbd\n");
}

TEST_F(DoctorOnConnections, SaysHowHlbdComesToMayEndThem) {
  bus_.troubles = {"connections: hlbd can start hlb-connections only as root"};
  EXPECT_EQ(found(),
            "hlbd can start hlb-connections only as root. Start hlbd by its unit, or as root, or "
            "give it --connections-socket.\n");
}

TEST_F(DoctorOnConnections, FindsASocketThatIsGoneBeforeHlbdDoes) {
  fs::remove(machine_.at(kSocket));
  const std::string wanted = std::string("nobody listens at ") + kSocket + ". " + kStartIt + "\n";
  EXPECT_EQ(found(), wanted);
  arguments(std::string("--connections-socket") + '\0' + kSocket);
  EXPECT_EQ(found(), wanted);
  arguments("--bus=system");
  EXPECT_EQ(found(), "");
}

TEST_F(DoctorOnConnections, NotesProgramsOfOtherNetworksThatUseHlb) {
  process(20, "nginx", "net:[2]", kWayOut);
  process(21, "nginx", "net:[2]", kWayOut);
  process(30, "java", "net:[3]", kWayOut);
  EXPECT_EQ(found(),
            "programs in 2 other network namespaces keep theirs, as process 20 (nginx). Give such "
            "containers the host's network, or their programs timeouts of their own.\n");
}

TEST_F(DoctorOnConnections, SeesAWayOutByIpv6Alone) {
  process(20, "nginx", "net:[2]", "Iface\tDestination\n");
  const std::string address = std::string(32, '0');
  write("/proc/20/net/ipv6_route", address + " 00 1 00 00000000       lo\n");
  EXPECT_EQ(found(), "");
  write("/proc/20/net/ipv6_route", address + " 00 1 00 00000000     eth0\n");
  EXPECT_NE(found().find("1 other network namespace "), std::string::npos);
}

TEST_F(DoctorOnConnections, SaysNothingOfProgramsThatHaveNoConnectionsOrNoTable) {
  process(20, "systemd-udevd", "net:[2]", "Iface\tDestination\n");
  process(30, "java", "net:[3]", kWayOut);
  fs::remove(machine_.at("/proc/30/root/run/hlb/table"));
  EXPECT_EQ(found(), "");
}

TEST_F(DoctorOnConnections, IsSilentWhereNoServiceWantsThemEnded) {
  configure("never");
  fs::remove(machine_.at(kSocket));
  process(20, "nginx", "net:[2]", kWayOut);
  EXPECT_EQ(found(), "");
}

TEST_F(DoctorOnConnections, IsSilentOfAnHlbdThatIsNotOnTheBus) {
  fs::remove(machine_.at(kSocket));
  for (const auto presence :
       {OnBus::Presence::no_bus, OnBus::Presence::absent, OnBus::Presence::silent}) {
    bus_.presence = presence;
    EXPECT_EQ(found(), "");
  }
}

}  // namespace
}  // namespace hlb::ctl::doctor
