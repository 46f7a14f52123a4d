#include "ctl/doctor/daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "ctl/as_hlbd.h"
#include "libnss_hlb/bus.h"
#include "text/duration.h"

namespace hlb::ctl::doctor {
namespace {

using Presence = OnBus::Presence;

constexpr char kAboutDaemon[] = "hlbd";
constexpr char kStart[] = "Type: systemctl start hlbd; if it ends again, see: journalctl -u hlbd";
constexpr char kBySocket[] = "Each lookup has to ask hlbd over its socket, if there is one.";
constexpr char kNotTaken[] =
    "The module takes no such table, and each lookup has to ask hlbd over its socket.";
constexpr char kLookElsewhere[] = "Compare its --runtime-dir, and read its log: journalctl -u hlbd";
constexpr char kRestart[] = "Type: systemctl restart hlbd";

std::filesystem::path socket_of(const Published& table) {
  return table.path().parent_path() / bus::kPeerSocket;
}

// An errno, or 0. Connecting never waits: a full backlog gives EAGAIN.
int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  path.copy(address.sun_path, path.size());
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const bool ok =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  return ok ? 0 : errno;
}

// Whether a process listens there, even one that is stopped.
bool is_open(const Host& machine, const std::filesystem::path& socket) {
  const int error = connect_to(machine.at(socket).string());
  return error == 0 || error == EAGAIN;
}

bool is_there(const OnBus& bus) {
  return bus.presence == Presence::present || bus.presence == Presence::silent;
}

// What a table that is no longer renewed means for lookups.
std::string without_lease(const Published& table) {
  return table.freshness() == table::Freshness::expired
             ? "Every lookup of a service's name fails, as if no backend were healthy."
             : fmt::format("Programs still get its last answers, for {} more, and then none.",
                           text::brief(table.lasts_for()));
}

// Whether hlbd puts off the end of the lease, as it does ten times a second.
bool is_renewed(const Host& machine, const Published& table) {
  constexpr std::chrono::milliseconds kLook{50};
  constexpr int kLooks = 20;
  for (int look = 0; look < kLooks; ++look) {
    const Published now(machine, table.path().parent_path());
    if (now.error() == 0 && now.lease_until() != table.lease_until()) return true;
    std::this_thread::sleep_for(kLook);
  }
  return false;
}

// Finds that hlbd isn't running, as `sign` shows, and whether its configuration is why: root can
// read that by hlbd's rights.
Finding not_running(const std::string& sign, const std::string& why,
                    const std::filesystem::path& file) {
  const auto config =
      ::geteuid() == 0 ? load_config_as_hlbd(file) : tl::expected<Config, ConfigErrors>();
  if (config) return fault(kAboutDaemon, "it isn't running" + sign, why, kStart);
  return fault(kAboutDaemon,
               fmt::format("it isn't running, and can't start by its configuration: {}",
                           config.error().front().to_string()),
               why, "Type: hlbctl check-config");
}

Findings no_table(const Host& machine, const Published& table, const OnBus& bus,
                  const std::filesystem::path& file) {
  const std::string missing =
      fmt::format("{}: {}", table.path().string(), std::strerror(table.error()));
  if (is_there(bus) || is_open(machine, socket_of(table))) {
    return {fault(kAboutDaemon, "it runs, but " + missing, kBySocket, kLookElsewhere)};
  }
  return {not_running(" (" + missing + ")",
                      "Without it no name is hlb's, and the next source answers.", file)};
}

Findings not_renewed(const Host& machine, const Published& table, const OnBus& bus,
                     const std::filesystem::path& file) {
  const std::string path = table.path().string();
  if (table.lease_is_implausible()) {
    return {fault(
        kAboutDaemon, fmt::format("the lease of {} lies too far ahead to be true", path),
        "In a time namespace, and of a copy, programs can't tell the age, and don't trust it.",
        "Run hlbd where the programs run.")};
  }
  if (bus.presence == Presence::present) {
    return {fault(kAboutDaemon, fmt::format("it runs, but doesn't renew {}", path), kBySocket,
                  kLookElsewhere)};
  }
  if (bus.presence == Presence::silent || is_open(machine, socket_of(table))) {
    return {fault(kAboutDaemon, fmt::format("it hangs: {} is no longer renewed", path),
                  "Lookups wait for it in vain. " + without_lease(table), kRestart)};
  }
  return {not_running(fmt::format(": {} is no longer renewed", path), without_lease(table), file)};
}

Findings unacceptable_folder(const Host& machine, const std::filesystem::path& folder,
                             uid_t owner_of_table) {
  struct stat status{};
  if (::stat(machine.at(folder).c_str(), &status) != 0) return {};
  if (status.st_uid != owner_of_table) {
    return {fault(kAboutDaemon, folder.string() + " and the table in it belong to different users",
                  kNotTaken, "Start hlbd as the user whom the folder belongs to.")};
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return {fault(kAboutDaemon,
                  fmt::format("{} can be written by others (its mode is {:04o})", folder.string(),
                              status.st_mode & 07777U),
                  kNotTaken, "Type: chmod 755 " + folder.string())};
  }
  return {};
}

// Finds why the module wouldn't trust the table: it takes none that other users could have written.
Findings unacceptable(const Host& machine, const Published& table) {
  struct stat status{};
  if (::lstat(machine.at(table.path()).c_str(), &status) != 0) return {};
  const std::string path = table.path().string();
  if (S_ISLNK(status.st_mode)) {
    return {fault(kAboutDaemon, path + " is a symbolic link", kNotTaken,
                  "Remove the link; hlbd puts the table there again.")};
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return {fault(kAboutDaemon,
                  fmt::format("{} can be written by others (its mode is {:04o})", path,
                              status.st_mode & 07777U),
                  kNotTaken, "Type: chmod 644 " + path)};
  }
  return unacceptable_folder(machine, table.path().parent_path(), status.st_uid);
}

// A table of another version; whether the module can read it is a matter of check_module().
Finding unreadable(const Published& table) {
  return note(kAboutDaemon,
              fmt::format("{} is of version {}, of which hlbctl can't tell the names",
                          table.path().string(), *table.version()),
              "Lookups of them weren't tried.", "Install hlbctl of hlbd's release.");
}

Findings check_table(const Host& machine, const Published& table, const OnBus& bus,
                     const std::filesystem::path& file) {
  if (!table.view().valid()) {
    if (table.version() && *table.version() != table::kMajorVersion) return {unreadable(table)};
    return {
        fault(kAboutDaemon, table.path().string() + " is no table of hlbd's", kBySocket, kRestart)};
  }
  if (Findings findings = unacceptable(machine, table); !findings.empty()) return findings;
  if (table.view().superseded()) {
    return {fault(kAboutDaemon, table.path().string() + " is marked as replaced, but stands",
                  kBySocket, kRestart)};
  }
  const bool seems_gone = !is_there(bus) && !is_open(machine, socket_of(table));
  if (table.freshness() != table::Freshness::current || (seems_gone && !is_renewed(machine, table)))
    return not_renewed(machine, table, bus, file);
  return {};
}

Findings check_bus(const OnBus& bus) {
  constexpr char kHarm[] = "hlbctl can't reach hlbd; lookups don't need the bus.";
  switch (bus.presence) {
    case Presence::no_bus:
      return {note(kAboutDaemon, "the bus can't be reached: " + bus.trouble, kHarm,
                   "Is dbus running?")};
    case Presence::absent:
      return {note(kAboutDaemon, "nobody has the name org.hlb1 on the bus", kHarm,
                   "Read hlbd's log: journalctl -u hlbd")};
    case Presence::silent:
      return {note(kAboutDaemon, "it doesn't answer on the bus within 2 s", kHarm, kRestart)};
    case Presence::present:
      break;
  }
  if (bus.version.empty() || bus.version == HLB_VERSION) return {};
  return {note(kAboutDaemon,
               fmt::format("it is of version {}, hlbctl of version {}", bus.version, HLB_VERSION),
               "One of them was upgraded without the other.", kRestart)};
}

Findings check_socket(const Host& machine, const std::filesystem::path& path) {
  const int error = connect_to(machine.at(path).string());
  if (error == 0 || error == EAGAIN) return {};
  return {fault(kAboutDaemon, fmt::format("its socket {}: {}", path.string(), std::strerror(error)),
                "A lookup that the table can't answer, as while hlbd starts, finds nobody to ask.",
                kRestart)};
}

}  // namespace

Findings check_daemon(const Host& machine, const Published& table, const OnBus& bus,
                      const std::filesystem::path& file) {
  if (table.error() == EACCES) return {};  // a matter of permissions
  if (table.error() != 0) return no_table(machine, table, bus, file);
  Findings findings = check_table(machine, table, bus, file);
  if (!findings.empty()) return findings;
  append(findings, check_socket(machine, socket_of(table)));
  append(findings, check_bus(bus));
  return findings;
}

}  // namespace hlb::ctl::doctor
