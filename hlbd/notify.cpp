#include "notify.h"

#include <systemd/sd-daemon.h>

#include <ctime>
#include <string>

namespace hlb::notify {
namespace {

void say(const std::string& state) {
  sd_notify(0, state.c_str());
}

}  // namespace

void ready(std::string_view status) {
  say("READY=1\nSTATUS=" + std::string(status));
}

void reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto since_boot = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(since_boot).count();
  say("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void stopping() {
  say("STOPPING=1");
}

void alive() {
  say("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t us = 0;
  if (sd_watchdog_enabled(0, &us) <= 0) return std::nullopt;
  return std::chrono::microseconds(us);
}

}  // namespace hlb::notify
