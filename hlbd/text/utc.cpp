#include "text/utc.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace hlb::text {

namespace {

using std::chrono::milliseconds;

// The number that all of these digits make; nullopt if one is no digit.
std::optional<int> number_of(std::string_view digits) {
  int number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

// The milliseconds of ".123Z", ".5Z" or "Z".
std::optional<milliseconds> fraction_of(std::string_view text) {
  if (text == "Z") return milliseconds(0);
  constexpr std::size_t kDigits = 3;   // that count
  constexpr std::size_t kWritten = 9;  // at most, as Go's time has them
  if (!text.starts_with('.') || !text.ends_with('Z') || text.size() < 3) return std::nullopt;
  const std::string_view written = text.substr(1, text.size() - 2);
  const std::string_view digits = written.substr(0, kDigits);
  auto number = number_of(digits);
  if (!number || !number_of(written.substr(digits.size())) || written.size() > kWritten)
    return std::nullopt;
  for (std::size_t i = digits.size(); i < kDigits; ++i)
    *number *= 10;
  return milliseconds(*number);
}

}  // namespace

std::string utc(std::chrono::sys_time<milliseconds> at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02lld.%03lldZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<long>(time.hours().count()),
                static_cast<long>(time.minutes().count()),
                static_cast<long long>(time.seconds().count()),
                static_cast<long long>(time.subseconds().count()));
  return text.data();
}

std::optional<std::chrono::sys_time<milliseconds>> parse_utc(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  const auto fits = [](char c, char form) { return form == '0' || c == form; };
  if (text.size() <= kForm.size() || !std::ranges::equal(text.substr(0, kForm.size()), kForm, fits))
    return std::nullopt;
  const auto year = number_of(text.substr(0, 4));
  const auto month = number_of(text.substr(5, 2));
  const auto day = number_of(text.substr(8, 2));
  const auto hour = number_of(text.substr(11, 2));
  const auto minute = number_of(text.substr(14, 2));
  const auto second = number_of(text.substr(17, 2));
  const auto fraction = fraction_of(text.substr(kForm.size()));
  if (!year || !month || !day || !hour || !minute || !second || !fraction) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + *fraction;
}

}  // namespace hlb::text
