#include "text/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ratio>

#include "text/wording.h"

namespace hlb::text {

namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

// So many digits of each part that no product below leaves 64 bits.
constexpr std::size_t kMaxDigits = 9;

const Unit* find_unit(std::string_view name) {
  const auto* found = std::ranges::find(kUnits, name, &Unit::name);
  return found == kUnits.end() ? nullptr : found;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the digits that `text` starts with; nullopt for none or too many.
std::optional<std::int64_t> take_digits(std::string_view& text) {
  const auto count =
      static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
  if (count == 0 || count > kMaxDigits) return std::nullopt;
  std::int64_t number = 0;
  for (const char digit : text.substr(0, count))
    number = number * 10 + (digit - '0');
  text.remove_prefix(count);
  return number;
}

std::int64_t power_of_ten(std::size_t exponent) {
  std::int64_t result = 1;
  for (; exponent > 0; --exponent)
    result *= 10;
  return result;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto whole = take_digits(text);
  if (!whole) return std::nullopt;

  std::optional<std::int64_t> fraction = 0;
  std::int64_t scale = 1;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t before = text.size();
    fraction = take_digits(text);
    if (!fraction) return std::nullopt;
    scale = power_of_ten(before - text.size());
  }

  const Unit* unit = find_unit(text);
  if (unit == nullptr || *fraction * unit->milliseconds % scale != 0) return std::nullopt;
  return std::chrono::milliseconds(*whole * unit->milliseconds +
                                   *fraction * unit->milliseconds / scale);
}

std::optional<std::chrono::milliseconds> parse_durations(std::string_view text) {
  constexpr std::string_view kNumber = "0123456789.";
  std::chrono::milliseconds sum{0};
  while (!text.empty()) {
    const std::size_t unit = std::min(text.find_first_not_of(kNumber), text.size());
    const std::size_t end = std::min(text.find_first_of(kNumber, unit), text.size());
    const auto part = parse_duration(text.substr(0, end));
    if (!part) return std::nullopt;
    sum += *part;
    text.remove_prefix(end);
  }
  if (sum <= std::chrono::milliseconds(0)) return std::nullopt;
  return sum;
}

std::string to_string(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  const auto* unit = std::ranges::find_if(
      kUnits, [count](const Unit& candidate) { return count % candidate.milliseconds == 0; });
  return std::to_string(count / unit->milliseconds).append(unit->name);
}

std::string in_seconds(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

std::string rounded(std::chrono::nanoseconds duration) {
  constexpr double kMinute = 60;
  constexpr double kHour = 60 * kMinute;
  constexpr double kDay = 24 * kHour;
  constexpr double kFew = 2;  // of a unit, from which on it is used
  const double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < kFew * kMinute) return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 2 : 0);
  if (seconds < kFew * kHour) return fmt::format("{:.0f} min", seconds / kMinute);
  if (seconds < kFew * kDay) return fmt::format("{:.0f} h", seconds / kHour);
  return fmt::format("{:.0f} days", seconds / kDay);
}

std::string far_off(std::chrono::minutes duration) {
  const auto minutes = static_cast<std::size_t>(duration.count());
  const std::size_t hours = minutes / 60;
  if (hours >= 48) return counted(hours / 24, "day");
  return hours >= 2 ? counted(hours, "hour") : counted(minutes, "minute");
}

std::string brief(std::chrono::milliseconds duration) {
  const auto in = [duration](auto unit) { return duration / unit; };
  if (duration < 1min) return fmt::format("{}s", in(1s));
  if (duration < 1h) return fmt::format("{}m", in(1min));
  if (duration < 24h) return fmt::format("{}h {}m", in(1h), in(1min) % 60);
  return fmt::format("{}d", in(24h));
}

std::string latency(std::chrono::microseconds duration) {
  const double milliseconds = std::chrono::duration<double, std::milli>(duration).count();
  if (duration < 9950us) return fmt::format("{:.1f} ms", milliseconds);
  if (duration < 999'500us) return fmt::format("{:.0f} ms", milliseconds);
  return fmt::format("{:.1f} s", milliseconds / 1e3);
}

}  // namespace hlb::text
