#include "ctl/doctor/connections.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "ctl/doctor/process.h"
#include "libnss_hlb/bus.h"
#include "text/wording.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr char kAboutConnections[] = "connections";
constexpr char kTheyHang[] =
    "Whatever close_connections says, programs keep their connections to backends that are down: "
    "where nothing answers any more, for a quarter of an hour.";
constexpr char kStartSocket[] = "Type: systemctl enable --now hlb-connections.socket";

// What hlbd says is wrong with it; nullopt: nothing.
std::optional<std::string> trouble_with_it(const OnBus& bus) {
  constexpr std::string_view kItsTrouble = "connections: ";
  for (const std::string& trouble : bus.troubles) {
    if (trouble.starts_with(kItsTrouble)) return trouble.substr(kItsTrouble.size());
  }
  return std::nullopt;
}

bool some_service_wants_it(const Host& machine, const OnBus& bus) {
  const auto config = load_config(machine.at(bus.config_file));
  return config && std::ranges::any_of(config->services, [](const ServiceSpec& service) {
           return service.close_connections != CloseConnections::never;
         });
}

// Where hlbd was told that hlb-connections listens; empty: it starts one itself.
fs::path socket_told(const Host& machine, pid_t hlbd) {
  constexpr std::string_view kOption = "--connections-socket";
  const std::vector<std::string> arguments = Process::read(machine, hlbd).arguments;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view argument = arguments[at];
    if (argument == kOption && at + 1 < arguments.size()) return arguments[at + 1];
    if (argument.starts_with(kOption) && argument.substr(kOption.size()).starts_with('='))
      return argument.substr(kOption.size() + 1);
  }
  return {};
}

std::string mend_of(const std::string& trouble, const fs::path& socket) {
  if (trouble.find("CONFIG_INET_DIAG_DESTROY") != std::string::npos)
    return "Boot a kernel that was built with it, as Debian's are.";
  if (trouble.find("only as root") != std::string::npos)
    return "Start hlbd by its unit, or as root, or give it --connections-socket.";
  if (trouble.starts_with("can't reach") && !socket.empty()) return kStartSocket;
  return "Read the logs: journalctl -u hlb-connections -u hlbd";
}

Findings check_helper(const Host& machine, const OnBus& bus) {
  const fs::path socket = bus.pid == 0 ? fs::path() : socket_told(machine, bus.pid);
  if (const auto trouble = trouble_with_it(bus))
    return {note(kAboutConnections, *trouble, kTheyHang, mend_of(*trouble, socket))};
  if (socket.empty() || machine.status(socket)) return {};
  // hlbd has not asked there again yet.
  return {note(kAboutConnections, fmt::format("nobody listens at {}", socket.string()), kTheyHang,
               kStartSocket)};
}

// The network namespace of a process; empty if this user may not see it.
std::string network_of(const Host& machine, const fs::path& process) {
  std::error_code hidden;
  return fs::read_symlink(machine.at(process / "ns/net"), hidden).string();
}

// Whether packets leave that network namespace at all: it has a route by more than loopback.
bool leads_anywhere(const Host& machine, const fs::path& process) {
  for (const char* table : {"net/route", "net/ipv6_route"}) {
    std::istringstream lines(machine.read(process / table).value_or(""));
    for (std::string line; std::getline(lines, line);) {
      // The interface is the first word of one table, below a head line, and the last of the other.
      std::istringstream words(line);
      std::string first;
      std::string last;
      words >> first;
      for (std::string word; words >> word;)
        last = word;
      if (!line.empty() && first != "Iface" && first != "lo" && last != "lo") return true;
    }
  }
  return false;
}

bool sees_table(const Host& machine, const fs::path& process, const fs::path& table) {
  const Host inside(machine.at(process / "root"));
  return same_file(inside.status(table), machine.status(table));
}

bool is_process(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}

// A process in each other network namespace whose programs may be hlb's users.
std::map<std::string, fs::path> others_users(const Host& machine, const fs::path& table,
                                             const std::string& ours) {
  std::map<std::string, fs::path> found;
  for (const fs::path& process : machine.list("/proc")) {
    if (!is_process(process)) continue;
    const std::string network = network_of(machine, process);
    if (network.empty() || network == ours || found.contains(network)) continue;
    if (leads_anywhere(machine, process) && sees_table(machine, process, table))
      found.emplace(network, process);
  }
  return found;
}

Findings check_networks(const Host& machine, const fs::path& table, pid_t hlbd) {
  const std::string ours = network_of(machine, fmt::format("/proc/{}", hlbd));
  if (ours.empty()) return {};
  const auto others = others_users(machine, table, ours);
  if (others.empty()) return {};
  const fs::path& process = others.begin()->second;
  std::string name = machine.read(process / "comm").value_or("");
  name.resize(std::min(name.size(), name.find('\n')));
  return {
      note(kAboutConnections,
           fmt::format("programs in {} keep theirs, as process {} ({})",
                       text::counted(others.size(), "other network namespace"),
                       process.filename().string(), name),
           "The kernel ends those of hlbd's own network namespace alone.",
           "Give such containers the host's network, or their programs timeouts of their own.")};
}

}  // namespace

Findings check_connections(const Host& machine, const fs::path& runtime_dir, const OnBus& bus) {
  if (bus.presence != OnBus::Presence::present) return {};
  if (!trouble_with_it(bus) && !some_service_wants_it(machine, bus)) return {};
  Findings findings = check_helper(machine, bus);
  if (bus.pid != 0)
    append(findings, check_networks(machine, runtime_dir / bus::kTableFile, bus.pid));
  return findings;
}

}  // namespace hlb::ctl::doctor
