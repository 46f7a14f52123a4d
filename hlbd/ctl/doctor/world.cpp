#include "ctl/doctor/world.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <vector>

#include "system/file_descriptor.h"
#include "system/whole_file.h"

namespace hlb::ctl::doctor {
namespace {

struct NamespaceKind {
  const char* file;
  int flag;
};
constexpr int kTimeNamespace = 0x80;  // CLONE_NEWTIME, of Linux 5.6
constexpr std::array<NamespaceKind, 7> kEntered = {{{"ns/user", CLONE_NEWUSER},
                                                    {"ns/mnt", CLONE_NEWNS},
                                                    {"ns/net", CLONE_NEWNET},
                                                    {"ns/pid", CLONE_NEWPID},
                                                    {"ns/ipc", CLONE_NEWIPC},
                                                    {"ns/uts", CLONE_NEWUTS},
                                                    {"ns/time", kTimeNamespace}}};

// What a lookup can need beside a user's own rights: files that are only root's. Nothing else is
// kept, as no device filter and no seccomp of a container holds what is run by us.
constexpr std::uint64_t kKept = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;

tl::unexpected<std::string> not_allowed(const std::string& step) {
  return tl::unexpected(fmt::format("can't {}: {}", step, std::strerror(errno)));
}

// Whether both paths, of which the one is below a folder, lead to the same; true when the other
// can't be looked at, as where the kernel has no such namespace.
bool is_shared(int folder, const char* file, const char* ours) {
  struct stat theirs{};
  struct stat own{};
  if (::fstatat(folder, file, &theirs, 0) != 0 || ::stat(ours, &own) != 0) return errno != EACCES;
  return theirs.st_dev == own.st_dev && theirs.st_ino == own.st_ino;
}

// All that are not shared, to be entered at once: the kernel then judges by the rights in the user
// namespace that is entered.
int namespaces_to_enter(int folder) {
  int flags = 0;
  for (const NamespaceKind& kind : kEntered) {
    const std::string ours = fmt::format("/proc/self/{}", kind.file);
    if (!is_shared(folder, kind.file, ours.c_str())) flags |= kind.flag;
  }
  return flags;
}

// Who a process is, told in the numbers of the user namespace of whoever opens the file.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
  std::uint64_t capabilities = 0;
};

tl::expected<Identity, std::string> identity_in(int folder) {
  const FileDescriptor file(::openat(folder, "status", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return not_allowed("see whose process it is");
  constexpr std::size_t kMostStatus = 65536;
  std::istringstream lines(read_up_to(file, kMostStatus).value_or(""));
  Identity identity;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::string real;
    words >> key;
    if (key == "Uid:") words >> real >> identity.user;
    if (key == "Gid:") words >> real >> identity.group;
    if (key == "CapEff:") words >> std::hex >> identity.capabilities;
    if (key != "Groups:") continue;
    for (gid_t group = 0; words >> group;)
      identity.groups.push_back(group);
  }
  return identity;
}

// Becomes who the process is. What may not be dropped wasn't had, or the kernel would allow it.
tl::expected<void, std::string> become(const Identity& identity) {
  if (::geteuid() == 0) {
    for (int each = 0; each < 64; ++each) {
      if ((identity.capabilities & kKept & std::uint64_t{1} << static_cast<unsigned>(each)) == 0)
        ::prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
    }
    ::setgroups(identity.groups.size(), identity.groups.data());
  }
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const rlimit nothing{};
  ::setrlimit(RLIMIT_FSIZE, &nothing);  // no file is written there
  const bool is_group = ::getegid() == identity.group && ::getgid() == identity.group;
  if (!is_group && ::setresgid(identity.group, identity.group, identity.group) != 0)
    return not_allowed("take on its group");
  const bool is_user = ::geteuid() == identity.user && ::getuid() == identity.user;
  if (!is_user && ::setresuid(identity.user, identity.user, identity.user) != 0)
    return not_allowed("take on its user");
  return {};
}

}  // namespace

tl::expected<void, std::string> enter_world_of(pid_t pid) {
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const FileDescriptor folder(
      ::open(fmt::format("/proc/{}", pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process.valid() || !folder.valid()) return not_allowed("find it");
  const FileDescriptor root(::openat(folder.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return not_allowed("see its root folder");
  const bool same_root = is_shared(folder.get(), "root", "/");
  const int namespaces = namespaces_to_enter(folder.get());
  if (namespaces != 0 && ::setns(process.get(), namespaces) != 0)
    return not_allowed("enter its namespaces");
  const bool moves = !same_root || (namespaces & CLONE_NEWNS) != 0;
  if (moves && (::fchdir(root.get()) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0))
    return not_allowed("enter its root folder");
  return identity_in(folder.get()).and_then(become);
}

}  // namespace hlb::ctl::doctor
