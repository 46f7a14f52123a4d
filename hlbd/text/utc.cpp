#include "text/utc.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "text/ascii.h"

namespace hlb::text {
namespace {

using std::chrono::floor;
using std::chrono::milliseconds;

// The number in a field of digits alone.
std::optional<int> digits(std::string_view field) {
  const auto is_digit = [](char each) { return each >= '0' && each <= '9'; };
  if (field.empty() || !std::all_of(field.begin(), field.end(), is_digit)) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// "T15:00:00" without its seconds' fraction; nullopt if it is none.
std::optional<milliseconds> time_of_day(std::string_view text) {
  const auto hour = digits(text.substr(0, 2));
  const auto minute = digits(text.substr(3, 2));
  const auto second = digits(text.substr(6, 2));
  if (!hour || !minute || !second || text[2] != ':' || text[5] != ':') return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

std::optional<UtcTime> date(std::string_view text) {
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day whole{std::chrono::year(*year),
                                          std::chrono::month(static_cast<unsigned>(*month)),
                                          std::chrono::day(static_cast<unsigned>(*day))};
  if (!whole.ok()) return std::nullopt;
  return UtcTime(std::chrono::sys_days(whole));
}

// Of ".5": 500.
std::optional<milliseconds> fraction(std::string_view text) {
  if (text.empty()) return milliseconds(0);
  if (text[0] != '.' || text.size() > 10) return std::nullopt;
  if (!digits(text.substr(1))) return std::nullopt;
  const std::string three = std::string(text.substr(1)).append("00").substr(0, 3);
  return milliseconds(*digits(three));
}

}  // namespace

std::string utc(UtcTime time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date_of(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[64];
  int length = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date_of.year()),
      static_cast<unsigned>(date_of.month()), static_cast<unsigned>(date_of.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  std::string result(text, static_cast<std::size_t>(length));
  const auto part = static_cast<int>(clock.subseconds().count());
  if (part != 0) {
    length = std::snprintf(text, sizeof text, ".%03d", part);
    result.append(text, static_cast<std::size_t>(length));
  }
  return result + 'Z';
}

std::optional<UtcTime> parse_utc(std::string_view text) {
  constexpr std::size_t kShortest = std::string_view("2026-11-28T15:00:00Z").size();
  if (text.size() < kShortest || text[10] != 'T' || text.back() != 'Z') return std::nullopt;
  const auto day = date(text.substr(0, 10));
  const auto clock = time_of_day(text.substr(11, 8));
  const auto part = fraction(text.substr(19, text.size() - kShortest));
  if (!day || !clock || !part) return std::nullopt;
  return *day + *clock + *part;
}

}  // namespace hlb::text
