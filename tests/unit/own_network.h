// A network of a test's own, with a loopback interface and nothing else.
#pragma once

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

namespace hlb {

// Network namespaces belong to threads, so `test` is run in one of its own. Takes root.
inline void in_own_network(const std::function<void()>& test) {
  std::thread([&] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0) << std::strerror(errno);
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    ifreq loopback{};
    std::strcpy(loopback.ifr_name, "lo");
    loopback.ifr_flags = IFF_UP;
    ASSERT_EQ(::ioctl(fd, SIOCSIFFLAGS, &loopback), 0);  // NOLINT(*-vararg)
    ::close(fd);
    test();
  }).join();
}

// Of this thread's network: "ipv4/ping_group_range".
inline void set_network_option(const std::string& name, const std::string& value) {
  std::ofstream file("/proc/sys/net/" + name);
  file << value << std::flush;
  ASSERT_TRUE(file) << name;
}

}  // namespace hlb
