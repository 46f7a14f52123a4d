// Checks of type = "http" and "https": what the response must be like.

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "config/check_type.h"
#include "text/printable.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::int64_t kLeastStatus = 100;
constexpr std::int64_t kMostStatus = 599;
constexpr std::size_t kReasonLimit = 200;

std::optional<std::uint16_t> status_of(std::string_view digits) {
  std::int64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  if (number < kLeastStatus || number > kMostStatus) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

// The range of a text like "200-299", which may be the wrong way round; nullopt for other texts.
std::optional<StatusRange> range_of(std::string_view text) {
  constexpr std::size_t kDash = 3;
  if (text.size() != 2 * kDash + 1 || text[kDash] != '-') return std::nullopt;
  const auto first = status_of(text.substr(0, kDash));
  const auto last = status_of(text.substr(kDash + 1));
  if (!first || !last) return std::nullopt;
  return StatusRange{*first, *last};
}

std::optional<StatusRange> read_status(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) return range_of(*text);
  const auto* number = std::get_if<std::int64_t>(&value.data);
  if (number == nullptr || *number < kLeastStatus || *number > kMostStatus) return std::nullopt;
  return StatusRange{static_cast<std::uint16_t>(*number), static_cast<std::uint16_t>(*number)};
}

void add_status(std::string_view key, const Value& value, std::vector<StatusRange>& into,
                Faults& faults) {
  const auto range = read_status(value);
  if (!range) {
    return faults.add(
        value.at, text::must_be(key, R"(100 to 599, or a range such as "200-299")", shown(value)));
  }
  if (range->first > range->last) {
    return faults.add(value.at, shown(value) + " is no range; write the lower status first");
  }
  into.push_back(*range);
}

void read_statuses(const CheckTable& table, std::string_view key, std::vector<StatusRange>& into) {
  const Value* value = table.keys.find(key);
  if (value == nullptr) return;
  into.clear();
  const Value::Array* array = value->as_array();
  if (array == nullptr) return add_status(key, *value, into, table.faults);
  if (array->empty()) {
    table.faults.add(value->at, text::in_quotes(key) + " is empty; give one status at least");
  }
  for (const Value& each : *array)
    add_status(key, each, into, table.faults);
}

// The first status that is in both; nullopt if they have no status in common.
std::optional<unsigned> common_status(const std::vector<StatusRange>& one,
                                      const std::vector<StatusRange>& other) {
  for (const StatusRange& range : one) {
    for (const StatusRange& another : other) {
      const unsigned first = std::max(range.first, another.first);
      if (first <= std::min(range.last, another.last)) return first;
    }
  }
  return std::nullopt;
}

void refuse_common_status(const CheckTable& table, const HttpCheck& http) {
  const auto status = common_status(http.drain_status, http.expect_status);
  if (!status) return;
  const std::string_view of_other =
      table.keys.find("expect_status") == nullptr ? " unless that is set" : "";
  table.faults.add(table.keys.find("drain_status")->at,
                   text::in_quotes("drain_status") + " has " + std::to_string(*status) +
                       ", which expect_status has" + std::string(of_other) +
                       "; a status has one meaning, so remove it from one of them");
}

// Why RE2 can't use it; empty when it can.
std::string regex_fault(const std::string& regex) {
  RE2::Options quiet;
  quiet.set_log_errors(false);
  const RE2 compiled(regex, quiet);
  return compiled.ok() ? "" : text::readable(compiled.error(), kReasonLimit);
}

void read_regex(const Value& value, HttpCheck& http, Faults& faults) {
  TableReader table(value, "\"expect_body\"", faults);
  const Value* regex_value = table.require("regex", R"(add regex = "^ready")");
  const std::string* regex = table.text("regex");
  table.reject_unknown();
  if (regex == nullptr) return;
  if (regex->empty()) {
    return faults.add(regex_value->at, "\"regex\" is empty; leave expect_body out for any body");
  }
  if (const std::string fault = regex_fault(*regex); !fault.empty()) {
    return faults.add(regex_value->at,
                      text::in_quotes(*regex) + " is no regular expression of RE2: " + fault);
  }
  http.expect_body = {*regex, true};
}

void read_body(const CheckTable& table, HttpCheck& http) {
  const Value* value = table.keys.find("expect_body");
  if (value == nullptr) return;
  if (value->as_table() != nullptr) return read_regex(*value, http, table.faults);
  const auto* text = std::get_if<std::string>(&value->data);
  if (text == nullptr) {
    return table.faults.add(
        value->at, text::must_be("expect_body", R"(a string in quotes or { regex = "^ready" })",
                                 kind_of(*value)));
  }
  if (text->empty()) {
    return table.faults.add(value->at, "\"expect_body\" is empty; leave it out for any body");
  }
  http.expect_body = {*text, false};
}

}  // namespace

void read_expectations(const CheckTable& table, HttpCheck& http) {
  read_statuses(table, "expect_status", http.expect_status);
  read_statuses(table, "drain_status", http.drain_status);
  refuse_common_status(table, http);
  read_body(table, http);
  if (const Value* body = table.keys.find("expect_body");
      body != nullptr && http.method == "HEAD") {
    table.faults.add(body->at,
                     "\"expect_body\" is never met: what answers HEAD has no body; remove it or "
                     "change the method");
  }
}

}  // namespace hlb::config
