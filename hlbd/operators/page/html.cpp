#include "operators/page/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "text/printable.h"

namespace hlb::page {
namespace {

constexpr char kWhole[] = "%Y-%m-%dT%H:%M:%SZ";
constexpr std::size_t kMostShown = 200;  // bytes of a text from outside

std::string format(WallTime at, const char* how) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  const std::time_t since_1970 = whole.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&since_1970, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), how, &parts)};
}

const char* brief_form(WallTime at, WallTime now) {
  using std::chrono::days;
  if (std::chrono::floor<days>(at) == std::chrono::floor<days>(now)) return "%H:%M:%S";
  return format(at, "%Y") == format(now, "%Y") ? "%-d %b %H:%M" : "%Y-%m-%d %H:%M";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text::readable(text, text.size())) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#x27;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string shown(std::string_view untrusted) {
  return "<bdi>" + escaped(text::readable(untrusted, kMostShown)) + "</bdi>";
}

std::string in_query(std::string_view text) {
  constexpr std::string_view kPlain = "-._*";
  std::string encoded;
  for (const char c : text) {
    const bool alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string time_of(WallTime at, WallTime now) {
  if (at == WallTime{}) return "<span class=\"none\">–</span>";
  return fmt::format(R"(<time datetime="{}">{}</time>)", format(at, kWhole),
                     format(at, brief_form(at, now)));
}

std::string as_of(WallTime now) {
  return fmt::format(R"(<time datetime="{}">{} UTC</time>)", format(now, kWhole),
                     format(now, "%H:%M:%S"));
}

std::string age(WallTime at, WallTime now) {
  using namespace std::chrono_literals;
  const auto time = std::max<WallTime::duration>(now - at, 0ms);
  if (time < 1min) return fmt::format("{} s", time / 1s);
  if (time < 1h) return fmt::format("{} min", time / 1min);
  return time < 48h ? fmt::format("{} h", time / 1h) : fmt::format("{} d", time / 24h);
}

std::string since(WallTime at, WallTime now) {
  if (at == WallTime{}) return time_of(at, now);
  return fmt::format("{} <small>{}</small>", time_of(at, now), age(at, now));
}

std::string coloured(std::string_view kind, std::string_view word) {
  return fmt::format(R"(<b class="{}">{}</b>)", kind, word);
}

}  // namespace hlb::page
