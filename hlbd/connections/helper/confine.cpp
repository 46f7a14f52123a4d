#include "connections/helper/confine.h"

#include <seccomp.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <type_traits>

namespace hlb::connections {
namespace {

// What is needed to serve, to allocate, to say why not, and to end.
constexpr std::array kAllowed = {
    SCMP_SYS(poll),           SCMP_SYS(ppoll),
    SCMP_SYS(accept4),        SCMP_SYS(getsockopt),
    SCMP_SYS(recvfrom),       SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),         SCMP_SYS(sendmsg),
    SCMP_SYS(clock_gettime),  SCMP_SYS(brk),
    SCMP_SYS(mmap),           SCMP_SYS(munmap),
    SCMP_SYS(mremap),         SCMP_SYS(madvise),
    SCMP_SYS(futex),          SCMP_SYS(getrandom),
    SCMP_SYS(write),          SCMP_SYS(writev),
    SCMP_SYS(close),          SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),           SCMP_SYS(exit_group),
};

void demand(int result) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), "can't confine itself");
}

}  // namespace

void confine() {
  const std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, decltype(&seccomp_release)> filter(
      seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (filter == nullptr) demand(-ENOMEM);
  for (const int call : kAllowed)
    demand(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0));
  demand(seccomp_load(filter.get()));
}

}  // namespace hlb::connections
