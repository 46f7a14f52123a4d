#include "ctl/terminal/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "text/duration.h"

namespace hlb::ctl {
namespace {

using namespace std::chrono_literals;

std::tm local(WallTime at) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  const std::time_t seconds = whole.time_since_epoch().count();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

std::string format(const std::tm& parts, const char* how) {
  char text[64];
  return {text, std::strftime(text, sizeof text, how, &parts)};
}

}  // namespace

WallTime wall_now() {
  return std::chrono::floor<WallTime::duration>(std::chrono::system_clock::now());
}

std::string age(WallTime since, WallTime now) {
  if (since == WallTime{}) return "-";
  return text::brief(std::max<WallTime::duration>(now - since, 0ms));
}

std::string moment(WallTime at, WallTime now) {
  const std::tm then = local(at);
  const std::tm today = local(now);
  if (then.tm_year != today.tm_year) return format(then, "%Y-%m-%d %H:%M");
  return format(then, then.tm_yday == today.tm_yday ? "%H:%M" : "%b %-d %H:%M");
}

std::string timestamp(WallTime at) {
  const auto millisecond = at.time_since_epoch().count() % 1000;
  return fmt::format("{}.{:03}", format(local(at), "%Y-%m-%d %H:%M:%S"), millisecond);
}

std::string brief_timestamp(WallTime at) {
  return format(local(at), "%b %e %H:%M:%S");
}

double seconds(WallTime at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

}  // namespace hlb::ctl
