// The keys of checks that ask elsewhere than at the backend's own address, or by another way than
// the routes say.

#include <net/if.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "config/backends.h"
#include "config/check_type.h"
#include "text/ascii.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

// Where ip-netns(8) puts namespaces. hlbd's loop opens them, and no disk is there to wait for.
constexpr std::string_view kNamespaces = "/run/netns/";

std::optional<Address> read_address(const CheckTable& table, std::string_view key) {
  const std::string* text = table.keys.text(key);
  if (text == nullptr) return std::nullopt;
  const auto address = parse_address(*text);
  if (address) return *address;
  table.faults.add(table.keys.find(key)->at, text::in_quotes(*text) + " " + address.error());
  return std::nullopt;
}

// Whether the kernel takes it (net/core/dev.c, dev_valid_name()).
bool is_interface_name(const std::string& text) {
  return !text.empty() && text.size() < IFNAMSIZ && text != "." && text != ".." &&
         std::ranges::all_of(
             text, [](char c) { return text::is_visible(c) && c != '/' && c != ':'; });
}

bool is_namespace(const std::string& text) {
  if (!text.starts_with(kNamespaces)) return false;
  const std::string_view name = std::string_view(text).substr(kNamespaces.size());
  return !name.empty() && name != "." && name != ".." &&
         std::ranges::none_of(name, [](char c) { return c == '/' || text::is_control(c); });
}

void read_text(const CheckTable& table, std::string_view key, bool (*is_right)(const std::string&),
               std::string_view expected, std::string& into) {
  const std::string* text = table.keys.text(key);
  if (text == nullptr) return;
  if (is_right(*text)) {
    into = *text;
  } else {
    table.faults.add(table.keys.find(key)->at,
                     text::must_be(key, expected, text::in_quotes(*text)));
  }
}

}  // namespace

void read_way(const CheckTable& table, CheckSpec& check) {
  check.address = read_address(table, "address");
  check.way.source = read_address(table, "source");
  read_text(table, "interface", is_interface_name, R"(the name of an interface such as "eth1")",
            check.way.interface);
  read_text(table, "netns", is_namespace, R"(a path such as "/run/netns/blue")", check.way.netns);
}

}  // namespace hlb::config
