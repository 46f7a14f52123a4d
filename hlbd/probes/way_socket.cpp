#include "probes/way_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "probes/target.h"
#include "system/socket_address.h"

namespace hlb::probes {
namespace {

using boost::system::error_code;
using Opened = tl::expected<FileDescriptor, error_code>;

enum class Part : std::uint8_t { netns, interface, source };

constexpr std::array<std::string_view, 3> kParts = {"netns", "interface", "source"};
constexpr int kErrors = 4096;  // more than any errno

class WayCategory : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "way"; }
  std::string message(int value) const override {
    return std::string(kParts.at(static_cast<std::size_t>(value / kErrors)))
        .append(": ")
        .append(boost::system::system_category().message(value % kErrors));
  }
};

// The error of the last system call, which couldn't take that part of the way.
error_code error_of(Part part) {
  return {static_cast<int>(part) * kErrors + errno, way_category()};
}

// Puts this thread into another network namespace for as long as it lives. A socket belongs to the
// namespace that it was made in.
class Visit {
 public:
  explicit Visit(const std::string& netns) : home_(open_namespace("/proc/thread-self/ns/net")) {
    if (!home_.valid()) return;
    const FileDescriptor there(open_namespace(netns.c_str()));
    away_ = there.valid() && ::setns(there.get(), CLONE_NEWNET) == 0;
  }
  // Aborts where the way back is barred: in the wrong network hlbd would be wrong about everything.
  ~Visit() {
    if (away_ && ::setns(home_.get(), CLONE_NEWNET) != 0) std::abort();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  bool is_there() const { return away_; }

 private:
  static FileDescriptor open_namespace(const char* path) {
    return FileDescriptor(::open(path, O_RDONLY | O_CLOEXEC));
  }

  FileDescriptor home_;
  bool away_ = false;
};

Opened open_in(const std::string& netns, int family, int type, int protocol) {
  if (netns.empty()) {
    FileDescriptor socket(::socket(family, type, protocol));
    if (socket.valid()) return socket;
    return tl::unexpected(socket_error());
  }
  const Visit visit(netns);
  if (!visit.is_there()) return tl::unexpected(error_of(Part::netns));
  return open_in("", family, type, protocol);
}

error_code bind_to_interface(int fd, const std::string& interface) {
  const auto size = static_cast<socklen_t>(interface.size());
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.data(), size) == 0) return {};
  return error_of(Part::interface);
}

// Leaves the port to connect(2), which knows what it must differ from.
error_code bind_to_source(int fd, const Address& source) {
  const int yes = 1;
  (void)::setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &yes,
                     sizeof yes);  // not for ICMP
  const auto address = endpoint_of(source, 0);
  const auto size = static_cast<socklen_t>(address.size());
  return ::bind(fd, address.data(), size) == 0 ? error_code() : error_of(Part::source);
}

error_code take(const Way& way, int fd, Address::Family family) {
  if (!way.interface.empty()) {
    if (const error_code error = bind_to_interface(fd, way.interface)) return error;
  }
  if (way.source && way.source->family == family) return bind_to_source(fd, *way.source);
  return {};
}

}  // namespace

const boost::system::error_category& way_category() {
  static const WayCategory category;
  return category;
}

error_code socket_error() {
  return {errno, boost::system::system_category()};
}

Opened open_socket(const Way& way, Address::Family family, int type, int protocol) {
  Opened socket = open_in(way.netns, domain_of(family), type, protocol);
  if (!socket) return socket;
  if (const error_code error = take(way, socket->get(), family)) return tl::unexpected(error);
  return socket;
}

}  // namespace hlb::probes
