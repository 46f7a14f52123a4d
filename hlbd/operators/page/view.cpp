#include "operators/page/view.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "operators/page/html.h"
#include "text/ascii.h"

namespace hlb::page {
namespace {

// The bytes that %XX and + stand for; what is no such escape stays.
std::string decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const std::string_view digits = text.substr(std::min(i + 1, text.size()), 2);
    const char* const end = digits.data() + digits.size();
    const bool is_escape = text[i] == '%' && digits.size() == 2 &&
                           std::from_chars(digits.data(), end, byte, 16).ptr == end;
    bytes += text[i] == '+' ? ' ' : is_escape ? static_cast<char>(byte) : text[i];
    if (is_escape) i += digits.size();
  }
  return bytes;
}

}  // namespace

View View::of_query(std::string_view query) {
  View view;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::string_view key = pair.substr(0, pair.find('='));
    const std::string value = decoded(pair.substr(std::min(key.size() + 1, pair.size())));
    if (key == "service") view.service = text::lower_case(value);
    if (key == "down") view.down = true;
    if (key == "refresh") view.refreshes = value != "off";
  }
  return view;
}

std::string View::link() const {
  std::string query;
  if (!service.empty()) query += "&service=" + in_query(service);
  if (down) query += "&down";
  if (!refreshes) query += "&refresh=off";
  if (query.empty()) return "/";
  query.front() = '?';
  return query;
}

std::string View::link_to_service(std::string_view name) const {
  View other = *this;
  other.service = name;
  other.down = false;
  return other.link();
}

std::string View::link_with_refresh(bool on) const {
  View other = *this;
  other.refreshes = on;
  return other.link();
}

}  // namespace hlb::page
