// Not by sd_notify(3), which waits for as long as the service manager doesn't read.
#include "system/notify.h"

#include <systemd/sd-daemon.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace hlb {
namespace {

bool is_supported(std::string_view name) {
  return name.size() > 1 && (name.front() == '/' || name.front() == '@') &&
         name.size() < sizeof(sockaddr_un::sun_path);
}

std::string monotonic_usec() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto since_boot = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(since_boot).count());
}

std::optional<std::chrono::microseconds> watchdog() {
  std::uint64_t us = 0;
  if (sd_watchdog_enabled(0, &us) <= 0) return std::nullopt;
  return std::chrono::microseconds(us);
}

}  // namespace

Notifier::Notifier() : socket_(-1), watchdog_(watchdog()) {
  const char* variable = std::getenv("NOTIFY_SOCKET");
  const std::string_view name = variable == nullptr ? "" : variable;
  if (!is_supported(name)) return;
  address_.sun_family = AF_UNIX;
  std::memcpy(address_.sun_path, name.data(), name.size());
  if (name.front() == '@') address_.sun_path[0] = '\0';
  address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  socket_ = FileDescriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

void Notifier::ready(std::string_view status) {
  say("READY=1\nSTATUS=" + std::string(status));
}

// Makes void what an earlier reload, or the start, still had to tell.
void Notifier::reloading() {
  pending_.clear();
  say("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec());
}

void Notifier::stopping() {
  pending_.clear();
  say("STOPPING=1");
}

void Notifier::alive() {
  say_pending();
  if (pending_.empty() && watchdog_) send("WATCHDOG=1");
}

void Notifier::say(std::string message) {
  pending_.push_back(std::move(message));
  say_pending();
}

void Notifier::say_pending() {
  while (!pending_.empty() && send(pending_.front()))
    pending_.pop_front();
}

// False when the service manager takes nothing at the moment.
bool Notifier::send(std::string_view message) const {
  if (!socket_.valid()) return true;
  const auto* to = reinterpret_cast<const sockaddr*>(&address_);
  const ssize_t sent = sendto(socket_.get(), message.data(), message.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL, to, address_size_);
  return sent >= 0 || (errno != EAGAIN && errno != ENOBUFS);
}

}  // namespace hlb
