#include "config/reader.h"

#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "system/user_name.h"
#include "text/duration.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::size_t kMaxFaults = 100;

constexpr std::string_view kDurationForm =
    R"(a duration with its unit in quotes, such as "500ms" or "2s")";

}  // namespace

void Faults::add(Position at, std::string message) {
  if (faults_.size() < kMaxFaults) {
    faults_.push_back({file_, at.line, at.column, std::move(message)});
  } else {
    ++left_out_;
  }
}

void Faults::take_back(Position at, std::string_view message) {
  const auto found = std::ranges::find_if(faults_, [&](const ConfigError& fault) {
    return fault.line == at.line && fault.column == at.column && fault.message == message;
  });
  if (found != faults_.end()) faults_.erase(found);
}

std::string Faults::place(Position at) const {
  return ConfigError{file_, at.line, at.column, ""}.place();
}

ConfigErrors Faults::take() {
  std::ranges::stable_sort(
      faults_, {}, [](const ConfigError& fault) { return std::tuple(fault.line, fault.column); });
  if (left_out_ > 0) {
    faults_.push_back({file_, 0, 0, "and " + std::to_string(left_out_) + " more faults"});
  }
  left_out_ = 0;
  return std::exchange(faults_, {});
}

std::string who_reads() {
  const uid_t user = geteuid();
  return "user " + name_of_user(user).value_or(std::to_string(user));
}

std::string unreadable(const std::error_code& error) {
  const std::string by = error == std::errc::permission_denied ? " by " + who_reads() : "";
  return "cannot be read" + by + ": " + error.message();
}

TableReader::TableReader(const Value& table, std::string_view name, Faults& faults)
    : table_(table), name_(name), faults_(faults) {}

const Value* TableReader::find(std::string_view key) {
  if (!knows(key)) known_.push_back(key);
  const Value::Table* entries = table_.as_table();
  if (entries == nullptr) return nullptr;
  const auto entry = std::ranges::find(*entries, key, &Entry::key);
  return entry == entries->end() ? nullptr : &entry->value;
}

const Value* TableReader::require(std::string_view key, std::string_view advice) {
  const Value* value = find(key);
  if (value != nullptr) return value;
  std::string fault = std::string(name_)
                          .append(" has no ")
                          .append(text::in_quotes(key))
                          .append("; ")
                          .append(advice);
  faults_.add(table_.at, fault);
  absent_.emplace(key, std::move(fault));
  return nullptr;
}

const Value::Array* TableReader::array(std::string_view key, std::string_view example) {
  const Value* value = find(key);
  if (value == nullptr) return nullptr;
  if (value->as_array() == nullptr) {
    wrong_type(key, *value, std::string("an array such as ").append(example));
  }
  return value->as_array();
}

const std::string* TableReader::text(std::string_view key) {
  const Value* value = find(key);
  if (value == nullptr) return nullptr;
  const auto* text = std::get_if<std::string>(&value->data);
  if (text == nullptr) wrong_type(key, *value, "a string in quotes");
  return text;
}

void TableReader::boolean(std::string_view key, bool& into) {
  const Value* value = find(key);
  if (value == nullptr) return;
  if (const bool* found = std::get_if<bool>(&value->data)) {
    into = *found;
  } else {
    wrong_type(key, *value, "true or false");
  }
}

void TableReader::duration(std::string_view key, DurationRange range,
                           std::chrono::milliseconds& into) {
  const Value* value = find(key);
  if (value == nullptr) return;
  const auto* text = std::get_if<std::string>(&value->data);
  if (text == nullptr) return wrong_type(key, *value, kDurationForm);
  const auto duration = text::parse_duration(*text);
  if (!duration)
    return faults_.add(value->at, text::must_be(key, kDurationForm, text::in_quotes(*text)));
  if (*duration < range.least || *duration > range.most) {
    const std::string allowed = text::to_string(range.least) + " to " + text::to_string(range.most);
    return faults_.add(value->at, text::must_be(key, allowed, text::in_quotes(*text)));
  }
  into = *duration;
}

std::optional<std::int64_t> TableReader::integer_between(std::string_view key, std::int64_t least,
                                                         std::int64_t most) {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto* number = std::get_if<std::int64_t>(&value->data);
  const std::string allowed = std::to_string(least) + " to " + std::to_string(most);
  if (number == nullptr) {
    wrong_type(key, *value, "an integer, " + allowed);
    return std::nullopt;
  }
  if (*number < least || *number > most) {
    faults_.add(value->at, text::must_be(key, allowed, std::to_string(*number)));
    return std::nullopt;
  }
  return *number;
}

bool TableReader::knows(std::string_view key) const {
  return std::ranges::find(known_, key) != known_.end();
}

void TableReader::reject_unknown(const std::function<std::string(std::string_view key)>& fault_of) {
  const Value::Table* entries = table_.as_table();
  if (entries == nullptr) return;
  for (const Entry& entry : *entries) {
    if (knows(entry.key)) continue;
    std::string fault = fault_of ? fault_of(entry.key) : "";
    if (fault.empty()) {
      fault = "unknown key " + text::in_quotes(entry.key) + " in " + std::string(name_) +
              advice_for_unknown(entry.key);
    }
    faults_.add(entry.at, std::move(fault));
  }
}

std::string TableReader::advice_for_unknown(std::string_view key) {
  const std::string_view meant = text::nearest(key, known_);
  if (meant.empty()) return "; remove it, or use " + text::either(known_);
  misspelt_.insert(meant);
  if (const auto absent = absent_.find(meant); absent != absent_.end())
    faults_.take_back(table_.at, absent->second);
  return "; did you mean " + text::in_quotes(meant) + "?";
}

void TableReader::wrong_type(std::string_view key, const Value& value, std::string_view expected) {
  faults_.add(value.at, text::must_be(key, expected, kind_of(value)));
}

void TableReader::wrong_choice(std::string_view key, const std::string& word,
                               const std::vector<std::string_view>& words) {
  const Value* value = find(key);
  faults_.add(value->at, text::must_be(key, text::either(words), text::in_quotes(word)));
}

}  // namespace hlb::config
