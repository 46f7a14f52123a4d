// The service manager's protocol: sockets that it passes on to a service, and what it is told by
// one (sd_listen_fds(3), sd_notify(3)). Written out here, since libsystemd would make each fork
// dearer.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "system/file_descriptor.h"

namespace hlb::helpers {

// The socket of a helper: from the service manager, which listens, or else from hlbd, a connected
// one as standard input. -1 if neither has given one for packets: then somebody else started it.
FileDescriptor given_socket();

// Whether it is a socket that listens for hlbd, and not one that is connected to it.
bool is_listening(int socket);

// Tells the service manager how the helper is. Never waits: drops what can't be sent at once.
class ServiceManager {
 public:
  // Reads $NOTIFY_SOCKET and $WATCHDOG_USEC; without them nobody is told.
  ServiceManager();

  void ready() const { say("READY=1"); }
  void stopping() const { say("STOPPING=1"); }
  void alive() const { say("WATCHDOG=1"); }

  // The longest time between two calls of alive(); nullopt: nobody watches.
  std::optional<std::chrono::microseconds> watchdog_interval() const { return interval_; }

 private:
  void say(std::string_view state) const;

  std::string address_;
  std::optional<std::chrono::microseconds> interval_;
};

}  // namespace hlb::helpers
