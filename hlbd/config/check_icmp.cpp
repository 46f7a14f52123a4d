// Checks of type = "icmp".

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "config/check_type.h"

namespace hlb::config {

namespace {

// Whether this process may have such a socket; want of descriptors is nothing against it. What goes
// for IPv4 goes for IPv6.
bool may_open(int type) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, IPPROTO_ICMP);
  if (fd < 0) return errno != EACCES && errno != EPERM;
  close(fd);
  return true;
}

}  // namespace

void read_icmp(const CheckTable& table, CheckSpec& check) {
  check.method = IcmpCheck{};
  read_way(table, check);
  const Value* type = table.keys.find("type");
  if (type == nullptr || may_open(SOCK_DGRAM) || may_open(SOCK_RAW)) return;
  table.faults.add(type->at,
                   "\"icmp\" needs a right that " + who_reads() +
                       " lacks: put one of its groups into the range of sysctl "
                       "net.ipv4.ping_group_range, or give hlbd CAP_NET_RAW by the drop-in "
                       "icmp.conf, see hlbd.toml(5)");
}

}  // namespace hlb::config
