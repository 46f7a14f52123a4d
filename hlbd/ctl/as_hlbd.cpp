#include "ctl/as_hlbd.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <vector>

#include "ctl/daemon_unit.h"

namespace hlb::ctl {
namespace {

std::vector<gid_t> groups_now() {
  const int most = std::max(0, ::getgroups(0, nullptr));
  std::vector<gid_t> groups(static_cast<std::size_t>(most));
  groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(most, groups.data()))));
  return groups;
}

// Makes those effective that root has.
void make_effective(std::uint32_t capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return;
  sets[0].effective |= sets[0].permitted & capabilities;
  ::syscall(SYS_capset, &header, sets.data());
}

// Has this process, which is root's, act by the rights of hlbd's unit until the end of its life. In
// a container that allows no such step it keeps its own.
class StandIn {
 public:
  StandIn(const DaemonUnit& unit, const passwd& user) {
    std::vector<gid_t> groups;
    if (::initgroups(user.pw_name, user.pw_gid) == 0) groups = groups_now();
    for (const std::string& name : unit.groups) {
      if (const group* const found = ::getgrnam(name.c_str())) groups.push_back(found->gr_gid);
    }
    const bool stepped = ::setgroups(groups.size(), groups.data()) == 0 &&
                         ::setegid(user.pw_gid) == 0 && ::seteuid(user.pw_uid) == 0;
    if (stepped) make_effective(unit.capabilities);
  }
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;
  // The first step can't fail: root is still the real user.
  ~StandIn() {
    if (::seteuid(0) != 0 || ::setegid(group_) != 0) std::abort();
    ::setgroups(groups_.size(), groups_.data());
  }

 private:
  gid_t group_ = ::getegid();
  std::vector<gid_t> groups_ = groups_now();
};

}  // namespace

tl::expected<Config, ConfigErrors> load_config_as_hlbd(const std::filesystem::path& file) {
  std::optional<StandIn> stand_in;
  if (::getuid() == 0 && ::geteuid() == 0) {
    const auto unit = read_daemon_unit();
    const passwd* const user = unit ? ::getpwnam(unit->user.c_str()) : nullptr;
    if (user != nullptr && user->pw_uid != 0) stand_in.emplace(*unit, *user);
  }
  return load_config(file);
}

}  // namespace hlb::ctl
