#include "fleet/json.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "config/guard.h"
#include "config/reader.h"
#include "fleet/engine.h"
#include "text/wording.h"

namespace hlb::fleet {
namespace {

using config::Value;

constexpr std::size_t kMostTogether = 1024;

// Called by the parser for each part of a text; false ends it.
class TreeBuilder {
 public:
  using number_integer_t = std::int64_t;
  using number_unsigned_t = std::uint64_t;
  using number_float_t = double;
  using string_t = std::string;

  // NOLINTBEGIN(readability-identifier-naming): the library's names
  bool null() { return end(R"("null" stands here, which says nothing; leave the key out)"); }
  bool boolean(bool value) { return put({{}, value}); }
  bool number_integer(number_integer_t value) { return put({{}, value}); }
  bool number_unsigned(number_unsigned_t value) {
    if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return end("a number is larger than any that means something here");
    return put({{}, static_cast<std::int64_t>(value)});
  }
  bool number_float(number_float_t value, const string_t& /*text*/) { return put({{}, value}); }
  bool string(string_t& value) { return put({{}, std::move(value)}); }
  bool binary(std::vector<std::uint8_t>& /*value*/) { return end("is no JSON"); }
  bool start_object(std::size_t /*size*/) { return open({{}, Value::Table()}); }
  bool start_array(std::size_t /*size*/) { return open({{}, Value::Array()}); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(string_t& key) {
    const Value::Table& table = *open_.back().value.as_table();
    if (std::ranges::find(table, key, &config::Entry::key) != table.end())
      return end(text::in_quotes(key) + " stands twice in a table; remove one of them");
    open_.back().key = std::move(key);
    return true;
  }
  bool parse_error(std::size_t position, const string_t& /*read*/,
                   const nlohmann::json::exception& /*error*/) {
    return end("the value is no JSON, by its byte " + std::to_string(position));
  }
  // NOLINTEND(readability-identifier-naming)

  tl::expected<Value, std::string> take() {
    if (!fault_.empty()) return tl::unexpected(std::move(fault_));
    return std::move(root_);
  }

 private:
  // A table or an array that isn't complete as yet.
  struct Open {
    Value value;
    std::string key{};  // of the next value in a table
  };

  bool end(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }

  bool open(Value value) {
    if (open_.size() == std::size_t{config::kMaxNesting})
      return end("nested too deeply; no value needs more than 8 brackets");
    open_.push_back({std::move(value)});
    return true;
  }

  bool close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(value));
  }

  bool put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Open& around = open_.back();
    std::size_t count = 0;
    if (auto* array = std::get_if<Value::Array>(&around.value.data)) {
      array->push_back(std::move(value));
      count = array->size();
    } else if (auto* table = std::get_if<Value::Table>(&around.value.data)) {
      table->push_back({std::exchange(around.key, {}), {}, std::move(value)});
      count = table->size();
    }
    return count <= kMostTogether || end("more than 1024 values stand in one array or table");
  }

  std::vector<Open> open_;
  Value root_;
  std::string fault_;
};

constexpr std::int64_t kVersion = 1;

// Why this version doesn't understand the table; empty if it does.
std::string version_fault(config::TableReader& table) {
  const Value* version = table.find("v");
  if (version == nullptr) return R"(there is no "v"; add "v": 1)";
  const auto* number = std::get_if<std::int64_t>(&version->data);
  if (number == nullptr || *number != kVersion) {
    return R"("v" is )" + config::shown(*version) + ", but this version of hlb understands 1 alone";
  }
  const Value* needs = table.find("needs");
  const Value::Array* needed = needs == nullptr ? nullptr : needs->as_array();
  if (needs == nullptr || (needed != nullptr && needed->empty())) return "";
  return R"("needs" has )" + config::shown(needed == nullptr ? *needs : needed->front()) +
         ", which this version of hlb lacks";
}

bool is_usual(char c) {
  return static_cast<unsigned char>(c) < 0x80 && c != '\0';
}

}  // namespace

std::string told(const ConfigErrors& faults) {
  if (faults.empty()) return "";
  const std::size_t more = faults.size() - 1;
  return faults.front().message +
         (more == 0 ? "" : " (and " + text::counted(more, "more fault") + ")");
}

std::string fault_of_texts(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    if (std::ranges::all_of(*text, is_usual)) return "";
    return text::in_quotes(*text) + " has a character outside ASCII, or a zero byte; remove it";
  }
  std::string fault;
  if (const Value::Array* array = value.as_array()) {
    for (const Value& each : *array) {
      if (fault = fault_of_texts(each); !fault.empty()) return fault;
    }
  }
  if (const Value::Table* table = value.as_table()) {
    for (const config::Entry& each : *table) {
      if (fault = fault_of_texts({{}, each.key}); !fault.empty()) return fault;
      if (fault = fault_of_texts(each.value); !fault.empty()) return fault;
    }
  }
  return "";
}

tl::expected<Value, std::string> parse_value(std::string_view text) {
  if (text.size() > kMaxValue) {
    return tl::unexpected("the value has more than " + std::to_string(kMaxValue) +
                          " bytes, the most that are possible");
  }
  auto value = parse_json(text);
  if (!value) return value;
  auto* entries = std::get_if<Value::Table>(&value->data);
  if (entries == nullptr)
    return tl::unexpected("the value must be a table, not " + std::string(kind_of(*value)));
  config::Faults ignored("");
  config::TableReader table(*value, "", ignored);
  if (std::string fault = version_fault(table); !fault.empty())
    return tl::unexpected(std::move(fault));
  std::erase_if(*entries,
                [](const config::Entry& each) { return each.key == "v" || each.key == "needs"; });
  return value;
}

tl::expected<Value, std::string> parse_json(std::string_view text) {
  TreeBuilder builder;
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

}  // namespace hlb::fleet
