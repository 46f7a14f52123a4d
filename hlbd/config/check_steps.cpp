// The conversation of a check: what is sent to a backend, and expected of it.

#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "config/check_type.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::size_t kMaxBytes = 1024;
constexpr std::size_t kMaxSteps = 16;
constexpr std::string_view kBytesForm = R"(a string in quotes or { hex = "0d 0a" })";
constexpr std::string_view kHexForm = R"(pairs of the digits 0-9 and a-f, such as "0d 0a")";
constexpr std::string_view kStepForm = R"({ send = "PING" } or { expect = "PONG" })";
constexpr std::string_view kStepsExample = R"([{ expect = "220 " }, { send = "QUIT" }])";

// The bytes that pairs of hexadecimal digits mean; spaces may stand between the pairs.
std::optional<std::string> decoded(std::string_view hex) {
  std::string bytes;
  for (std::size_t at = 0; at < hex.size();) {
    if (hex[at] == ' ') {
      ++at;
      continue;
    }
    constexpr std::size_t kDigits = 2;
    constexpr int kBase = 16;
    const std::string_view pair = hex.substr(at, kDigits);
    unsigned char byte = 0;
    const auto [behind, error] =
        std::from_chars(pair.data(), pair.data() + pair.size(), byte, kBase);
    if (error != std::errc() || behind != pair.data() + kDigits) return std::nullopt;
    bytes += static_cast<char>(byte);
    at += kDigits;
  }
  return bytes;
}

std::optional<std::string> read_hex(std::string_view key, const Value& value, Faults& faults) {
  const std::string name = text::in_quotes(key);
  TableReader table(value, name, faults);
  const Value* hex = table.require("hex", R"(add hex = "0d 0a")");
  const std::string* text = table.text("hex");
  table.reject_unknown();
  if (text == nullptr) return std::nullopt;
  auto bytes = decoded(*text);
  if (!bytes) faults.add(hex->at, text::must_be("hex", kHexForm, text::in_quotes(*text)));
  return bytes;
}

std::optional<std::string> read_either(std::string_view key, const Value& value, Faults& faults) {
  if (value.as_table() != nullptr) return read_hex(key, value, faults);
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  faults.add(value.at, text::must_be(key, kBytesForm, kind_of(value)));
  return std::nullopt;
}

std::optional<std::string> read_bytes(std::string_view key, const Value& value, Faults& faults) {
  auto bytes = read_either(key, value, faults);
  if (!bytes || bytes->size() <= kMaxBytes) return bytes;
  faults.add(value.at, text::in_quotes(key) + " has " + std::to_string(bytes->size()) +
                           " bytes; at most " + std::to_string(kMaxBytes) + " are possible");
  return std::nullopt;
}

void read_step(const Value& value, std::vector<Step>& into, Faults& faults) {
  if (value.as_table() == nullptr) {
    return faults.add(value.at, text::must_be("steps", kStepForm, kind_of(value)));
  }
  TableReader table(value, "\"steps\"", faults);
  const Value* send = table.find("send");
  const Value* expect = table.find("expect");
  table.reject_unknown();
  if ((send == nullptr) == (expect == nullptr)) {
    return faults.add(value.at, "a step must be " + std::string(kStepForm) + ", one of them alone");
  }
  const auto kind = send != nullptr ? Step::Kind::send : Step::Kind::expect;
  const std::string_view key = send != nullptr ? "send" : "expect";
  const Value& said = send != nullptr ? *send : *expect;
  auto bytes = read_bytes(key, said, faults);
  if (!bytes) return;
  if (bytes->empty())
    return faults.add(said.at, text::in_quotes(key) + " is empty; leave the step out");
  into.push_back({kind, std::move(*bytes)});
}

}  // namespace

std::optional<std::string> read_bytes(const CheckTable& table, std::string_view key) {
  const Value* value = table.keys.find(key);
  return value == nullptr ? std::nullopt : read_bytes(key, *value, table.faults);
}

void read_steps(const CheckTable& table, std::vector<Step>& into) {
  const Value::Array* steps = table.keys.array("steps", kStepsExample);
  if (steps == nullptr) return;
  const Position at = table.keys.find("steps")->at;
  if (steps->empty()) table.faults.add(at, "\"steps\" is empty; give one step at least");
  if (steps->size() > kMaxSteps) {
    return table.faults.add(at, "\"steps\" has " + std::to_string(steps->size()) +
                                    " entries; at most " + std::to_string(kMaxSteps) +
                                    " are possible");
  }
  for (const Value& step : *steps)
    read_step(step, into, table.faults);
}

}  // namespace hlb::config
