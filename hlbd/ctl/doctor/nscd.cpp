// The part of obstacles.h about nscd.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <sstream>

#include "ctl/doctor/obstacles.h"
#include "ctl/doctor/process.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kSocket[] = "/run/nscd/socket";
constexpr char kSettings[] = "/etc/nscd.conf";

// The process that listens; 0 when it can't be seen from here, nullopt when none listens.
std::optional<pid_t> listener(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  path.copy(address.sun_path, path.size());
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return std::nullopt;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
  return peer.pid;
}

// The file that follows -f or --config-file, as nscd and unscd take them.
std::string settings_of(const Process& nscd) {
  const auto& words = nscd.arguments;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "-f" || words[i] == "--config-file") return words[i + 1];
  }
  return kSettings;
}

// Whether these settings have hosts cached. To nscd the last such line counts, and without any
// hosts aren't cached.
bool caches_hosts(const std::string& settings) {
  bool caches = false;
  std::istringstream lines(settings);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string key;
    std::string database;
    std::string value;
    words >> key >> database >> value;
    if (key == "enable-cache" && database == "hosts") caches = value == "yes";
  }
  return caches;
}

}  // namespace

Findings check_nscd(const Host& machine) {
  const auto pid = listener(machine.at(kSocket).string());
  if (!pid) return {};
  const Process process = Process::read(machine, *pid);
  const std::string settings = settings_of(process);
  if (!caches_hosts(machine.read(settings).value_or(""))) return {};
  std::string name = process.program.filename().string();
  if (name.empty()) name = "nscd";
  return {
      fault("nscd", fmt::format("{} caches hosts ({})", name, settings),
            "Programs ask it before hlb, and it keeps a lone address, and \"not found\", for a "
            "while.",
            fmt::format("Write into {}: enable-cache hosts no; then restart {}.", settings, name))};
}

}  // namespace hlb::ctl::doctor
