#include "text/idn.h"

#include <idn2.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "text/ascii.h"

namespace hlb::text {

namespace {

constexpr std::size_t kMaxTyped = 1000;  // in bytes: a longer one makes no name of 253

struct FreeByLibrary {
  void operator()(void* text) const { ::idn2_free(text); }
};

// Letters, digits and signs of a hostname, or anything outside ASCII, which the library judges: to
// it "a b" or "10.0.0.1:80" are names as well.
bool may_be_in_name(char c) {
  return static_cast<unsigned char>(c) >= 0x80 || is_of_hostname(lower_case(c));
}

}  // namespace

std::optional<std::string> idn_to_ascii(std::string_view name) {
  const bool is_ascii = std::ranges::all_of(name, [](char c) { return c >= 0; });
  if (is_ascii || name.size() > kMaxTyped || !std::ranges::all_of(name, may_be_in_name))
    return std::nullopt;
  const std::string typed(name);
  char* found = nullptr;
  const int result =
      ::idn2_to_ascii_8z(typed.c_str(), &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, FreeByLibrary> ascii(found);
  // Some characters stand for several in ASCII, such as "a/c".
  const std::string_view all = result == IDN2_OK ? ascii.get() : "";
  if (all.empty() || !std::ranges::all_of(all, is_of_hostname)) return std::nullopt;
  return std::string(all);
}

std::optional<std::string> idn_to_unicode(const std::string& name) {
  if (name.find("xn--") == std::string::npos) return std::nullopt;
  char* found = nullptr;
  const int result = ::idn2_to_unicode_8z8z(name.c_str(), &found, 0);
  const std::unique_ptr<char, FreeByLibrary> unicode(found);
  if (result != IDN2_OK || name == unicode.get()) return std::nullopt;
  return std::string(unicode.get());
}

}  // namespace hlb::text
