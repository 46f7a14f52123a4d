#include "fleet/keys.h"

#include <algorithm>

#include "config/backends.h"
#include "config/hostname.h"
#include "text/printable.h"
#include "text/utc.h"
#include "text/wording.h"

namespace hlb::fleet {
namespace {

constexpr std::string_view kServices = "s/";
constexpr std::string_view kBackends = "b/";
constexpr std::string_view kOverrides = "x/";
constexpr std::string_view kAccept = "accept";
constexpr std::size_t kMostShown = 400;

std::string other_form(std::string_view text, std::string_view form) {
  return text::in_quotes(text) + " must be written " + text::in_quotes(form);
}

// Why it is no name in its canonical form; empty if it is.
std::string name_fault(std::string_view text) {
  const auto name = config::parse_hostname(text);
  if (!name) return text::in_quotes(text) + " " + name.error();
  return *name == text ? "" : other_form(text, *name);
}

tl::expected<Address, std::string> address_of(std::string_view text) {
  if (text.find('%') != std::string_view::npos) {
    return tl::unexpected(text::in_quotes(text) +
                          " is of an interface, and so another one on each host");
  }
  const auto address = config::parse_address(text);
  if (!address) return tl::unexpected(text::in_quotes(text) + " " + address.error());
  if (address->to_string() != text) return tl::unexpected(other_form(text, address->to_string()));
  return *address;
}

tl::expected<KeySubject, std::string> parse_service(std::string_view name) {
  if (std::string fault = name_fault(name); !fault.empty()) return tl::unexpected(std::move(fault));
  return KeySubject{KeySubject::Kind::service, std::string(name), {}};
}

// What is about a backend: its service's name, a slash, and its address.
tl::expected<KeySubject, std::string> parse_backend(KeySubject::Kind kind, std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return tl::unexpected<std::string>("has no address; it ends as in app.internal/10.0.0.1");
  const std::string_view name = text.substr(0, slash);
  if (std::string fault = name_fault(name); !fault.empty()) return tl::unexpected(std::move(fault));
  return address_of(text.substr(slash + 1)).map([&](const Address& address) {
    return KeySubject{kind, std::string(name), address};
  });
}

}  // namespace

KeyLayout::KeyLayout(std::string_view prefix)
    : root_(std::string(prefix) + "/1/"), catalog_(root_ + "c/"), log_(root_ + "log/") {}

std::string KeyLayout::service(std::string_view service) const {
  return std::string(catalog_).append(kServices).append(service);
}

std::string KeyLayout::backend(std::string_view service, const Address& address) const {
  return std::string(catalog_).append(kBackends).append(service) + "/" + address.to_string();
}

std::string KeyLayout::override(std::string_view service, const Address& address) const {
  return std::string(catalog_).append(kOverrides).append(service) + "/" + address.to_string();
}

std::string KeyLayout::accept() const {
  return std::string(catalog_).append(kAccept);
}

std::string KeyLayout::log_entry(WallTime at, unsigned number) const {
  return log_ + text::utc(at) + "-" + std::to_string(number);
}

tl::expected<KeySubject, std::string> KeyLayout::parse(std::string_view key) const {
  if (key.starts_with(log_)) return KeySubject{.kind = KeySubject::Kind::log};
  if (!key.starts_with(catalog_)) return KeySubject();
  key.remove_prefix(catalog_.size());
  if (key == kAccept) return KeySubject{.kind = KeySubject::Kind::accept};
  const std::string_view rest = key.substr(std::min(key.size(), kServices.size()));
  if (key.starts_with(kServices)) return parse_service(rest);
  if (key.starts_with(kBackends)) return parse_backend(KeySubject::Kind::backend, rest);
  if (key.starts_with(kOverrides)) return parse_backend(KeySubject::Kind::override, rest);
  return KeySubject();
}

std::string KeyLayout::brief(std::string_view key) const {
  if (key.starts_with(root_)) key.remove_prefix(root_.size());
  return text::printable(key, kMostShown);
}

}  // namespace hlb::fleet
