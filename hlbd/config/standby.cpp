#include "config/standby.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "text/duration.h"
#include "text/wording.h"

namespace hlb::config {

using namespace std::chrono_literals;

namespace {

constexpr DurationRange kFailback = {1s, std::chrono::days(30)};

constexpr std::string_view kMinHealthyForm =
    R"(how many backends, 1 to 4096, or a share of them such as "50%", "1%" to "100%")";
constexpr std::string_view kPanicForm =
    R"(a share of the backends such as "50%", "1%" to "100%"; without it there is no panic)";
constexpr std::string_view kFailbackForm =
    R"("at once", "manual" or a duration such as "10m", 1s to 30d)";

// As in a message.
std::string shown(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) return text::in_quotes(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return std::to_string(*number);
  return std::string(kind_of(value));
}

// Of "50%"; 1 to 100.
std::optional<std::uint8_t> percent_of(const Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr || !text->ends_with('%')) return std::nullopt;
  const char* const end = text->data() + text->size() - 1;
  std::uint8_t percent = 0;
  const auto [rest, error] = std::from_chars(text->data(), end, percent);
  if (error != std::errc() || rest != end || percent < 1 || percent > 100) return std::nullopt;
  return percent;
}

std::optional<MinHealthy> min_healthy_of(const Value& value) {
  if (const auto percent = percent_of(value)) return MinHealthy{.percent = *percent};
  const auto* number = std::get_if<std::int64_t>(&value.data);
  if (number == nullptr || *number < 1 || *number > std::int64_t{kMaxBackends}) return std::nullopt;
  return MinHealthy{.number = static_cast<std::uint16_t>(*number)};
}

void read_failback(TableReader& table, ServiceSpec& service, Faults& faults) {
  const Value* value = table.find("failback");
  if (value == nullptr) return;
  const auto* text = std::get_if<std::string>(&value->data);
  const auto duration = text == nullptr ? std::nullopt : text::parse_duration(*text);
  if (text != nullptr && *text == "at once") {
    service.failback = 0ms;
  } else if (text != nullptr && *text == "manual") {
    service.failback.reset();
  } else if (duration && *duration >= kFailback.least && *duration <= kFailback.most) {
    service.failback = duration;
  } else {
    faults.add(value->at, text::must_be("failback", kFailbackForm, shown(*value)));
  }
}

}  // namespace

void read_standby_rules(TableReader& table, ServiceSpec& service, Faults& faults) {
  if (const Value* value = table.find("min_healthy")) {
    if (const auto least = min_healthy_of(*value)) {
      service.min_healthy = *least;
    } else {
      faults.add(value->at, text::must_be("min_healthy", kMinHealthyForm, shown(*value)));
    }
  }
  if (const Value* value = table.find("panic")) {
    if (const auto percent = percent_of(*value)) {
      service.panic_percent = *percent;
    } else {
      faults.add(value->at, text::must_be("panic", kPanicForm, shown(*value)));
    }
  }
  read_failback(table, service, faults);
}

}  // namespace hlb::config
