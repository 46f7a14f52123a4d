#include "config/document.h"

#include <algorithm>
#include <array>
#include <optional>

#include "config/guard.h"
#include "text/printable.h"
#include "text/wording.h"

// toml++ 3.3 asserts what it believes of its input, wrongly for some inputs. refuse() keeps the
// known ones from it; for others this hook of the library turns what would end hlbd into a fault of
// the file. With NDEBUG a wrong belief is undefined behaviour, so this file undefines it.
namespace {
struct Bewildered {};
constexpr void expect(bool belief) {
  if (!belief) throw Bewildered();
}
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(belief) expect(static_cast<bool>(belief))
#include <toml++/toml.h>

namespace hlb::config {

namespace {

constexpr std::size_t kMessageLimit = 200;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kUtf16Marks[] = {"\xff\xfe", "\xfe\xff"};

Position begin_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

// Recursive: refuse() has bounded how deep.
Value convert(const toml::node& node);

Value::Table convert_table(const toml::table& table) {
  Value::Table result;
  for (const auto& [key, node] : table) {
    result.push_back({std::string(key.str()), begin_of(key.source()), convert(node)});
  }
  return result;
}

Value::Array convert_array(const toml::array& array) {
  Value::Array result;
  for (const toml::node& node : array)
    result.push_back(convert(node));
  return result;
}

Value convert(const toml::node& node) {
  Value value{begin_of(node.source()), {}};
  if (const auto* table = node.as_table()) {
    value.data = convert_table(*table);
  } else if (const auto* array = node.as_array()) {
    value.data = convert_array(*array);
  } else if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.data = integer->get();
  } else if (const auto* real = node.as_floating_point()) {
    value.data = real->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.data = boolean->get();
  }
  return value;
}

// Adds what toml++ can't say, the slip that was probably made, by the words of its message.
struct Advice {
  std::string_view about;
  std::string_view text;
};

constexpr std::string_view kQuoteIt = "; strings, addresses and durations stand in quotes";
constexpr std::array<Advice, 7> kAdvice = {{
    {"parsing value", kQuoteIt},
    {"parsing boolean", kQuoteIt},
    {"integer", kQuoteIt},
    {"floating-point", kQuoteIt},
    {"parsing date", kQuoteIt},
    {"parsing string", "; a string ends with its quote on the same line"},
    {"utf-8", "; save the file as UTF-8"},
}};

std::string_view advice_for(std::string_view description) {
  const auto* found = std::ranges::find_if(kAdvice, [=](const Advice& advice) {
    return description.find(advice.about) != std::string_view::npos;
  });
  return found == kAdvice.end() ? "" : found->text;
}

SyntaxFault fault_of(const toml::parse_error& error) {
  std::string message = text::readable(error.description(), kMessageLimit);
  if (message.starts_with('E')) message.front() = 'e';
  message.insert(0, "invalid TOML: ").append(advice_for(error.description()));
  return {begin_of(error.source()), std::move(message)};
}

Position position_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t newline = before.rfind('\n');
  const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  };
  return {
      static_cast<unsigned>(std::ranges::count(before, '\n')) + 1,
      static_cast<unsigned>(std::ranges::count_if(before.substr(line_start), starts_character)) +
          1};
}

tl::expected<Value, SyntaxFault> parse_bounded(std::string_view text) {
  try {
    return convert(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return tl::unexpected(fault_of(error));
  } catch (const Bewildered&) {
    return tl::unexpected(
        SyntaxFault{{1, 1}, "invalid TOML, at a place that the parser can't name"});
  }
}

// A forgotten bracket further up looks like deep nesting too, so a fault before the refused place
// is told instead, unless it comes of cutting the text short there.
SyntaxFault fault_of_refused(std::string_view text, const Unsafe& refusal) {
  const auto before = parse_bounded(text.substr(0, refusal.offset));
  if (!before && before.error().message.find("end-of-file") == std::string::npos)
    return before.error();
  return {position_of(text, refusal.offset), refusal.reason};
}

}  // namespace

tl::expected<Value, SyntaxFault> parse_document(std::string_view text) {
  if (std::ranges::find(kUtf16Marks, text.substr(0, 2)) != std::end(kUtf16Marks)) {
    return tl::unexpected(
        SyntaxFault{{1, 1}, "the file is in UTF-16; save it as UTF-8, as iconv -f UTF-16 does"});
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (const auto refusal = refuse(text)) return tl::unexpected(fault_of_refused(text, *refusal));
  return parse_bounded(text);
}

std::string_view kind_of(const Value& value) {
  constexpr std::array<std::string_view, 7> kKinds = {
      "a date or time", "a boolean", "an integer", "a float", "a string", "an array", "a table"};
  static_assert(kKinds.size() == std::variant_size_v<decltype(value.data)>);
  return kKinds.at(value.data.index());
}

std::string shown(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) return text::in_quotes(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return std::to_string(*number);
  return std::string(kind_of(value));
}

}  // namespace hlb::config
