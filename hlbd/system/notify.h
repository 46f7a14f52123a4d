// What the service manager is told (sd_notify(3)). Without $NOTIFY_SOCKET nothing is.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "system/file_descriptor.h"

namespace hlb {

// Never waits. What the service manager doesn't take at once is told again with alive(), in order,
// but for what a later message makes void.
class Notifier {
 public:
  Notifier();

  void ready(std::string_view status);  // after start, and after each reload
  void reloading();
  void stopping();
  void alive();  // to be said several times within watchdog_interval(), and once a second anyway

  // nullopt: nobody watches.
  std::optional<std::chrono::microseconds> watchdog_interval() const { return watchdog_; }

 private:
  void say(std::string message);
  void say_pending();
  bool send(std::string_view message) const;

  sockaddr_un address_{};
  socklen_t address_size_ = 0;  // 0: there is nobody to tell
  FileDescriptor socket_;
  std::optional<std::chrono::microseconds> watchdog_;
  std::deque<std::string> pending_;
};

}  // namespace hlb
