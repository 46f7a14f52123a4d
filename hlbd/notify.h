// What the service manager is told (sd_notify(3)). Without $NOTIFY_SOCKET nothing is.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace hlb::notify {

void ready(std::string_view status);  // after start, and after each reload
void reloading();
void stopping();
void alive();  // to be said within watchdog_interval()

// nullopt: nobody watches.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace hlb::notify
