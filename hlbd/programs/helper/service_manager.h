// What the service manager passes on to a service, and is told by it (sd_listen_fds(3),
// sd_notify(3)); in few lines, since libsystemd would make each fork dearer.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "system/file_descriptor.h"

namespace hlb::programs {

// The first socket that the service manager has passed; -1 if it has passed none.
FileDescriptor passed_socket();

// Whatever it is told is dropped rather than waited for.
class ServiceManager {
 public:
  // By $NOTIFY_SOCKET and $WATCHDOG_USEC; without them nobody is told.
  ServiceManager();

  void ready() const { say("READY=1"); }
  void stopping() const { say("STOPPING=1"); }
  void alive() const { say("WATCHDOG=1"); }

  // alive() is to be said within this time; nullopt: nobody watches.
  std::optional<std::chrono::microseconds> watchdog_interval() const { return interval_; }

 private:
  void say(std::string_view state) const;

  std::string address_;
  std::optional<std::chrono::microseconds> interval_;
};

}  // namespace hlb::programs
