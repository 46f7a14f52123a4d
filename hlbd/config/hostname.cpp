#include "config/hostname.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "text/ascii.h"
#include "text/idn.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::size_t kMaxName = 253;  // RFC 1035, 2.3.4, in its text form
constexpr std::size_t kMaxLabel = 63;

// Whether getaddrinfo(3) takes it for an address, as "127.1" and "0x7f000001": it would never look
// up such a name.
bool is_numeric(const std::string& name) {
  in_addr v4{};
  in6_addr v6{};
  return inet_aton(name.c_str(), &v4) != 0 || inet_pton(AF_INET6, name.c_str(), &v6) == 1;
}

// Why a name of these labels can't be looked up; empty when it can.
std::string label_fault(std::string_view rest) {
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (label.empty()) return "has an empty label; two dots can't stand together, nor one in front";
    if (label.size() > kMaxLabel) {
      return "has a label of " + std::to_string(label.size()) + " bytes; at most 63 are possible";
    }
    if (dot == std::string_view::npos) return "";
    rest.remove_prefix(dot + 1);
  }
}

// Why a canonical name can't be a service's; empty when it can.
std::string hostname_fault(const std::string& name) {
  if (name.empty()) return "is no hostname; give one such as \"app.example\"";
  if (is_numeric(name)) return "is a numeric address, which is never looked up; give a hostname";
  if (name == "localhost") return "belongs to the host itself; choose another name";
  if (const auto ascii = text::idn_to_ascii(name)) {
    return "is looked up in its ASCII form; write \"" + *ascii + "\"";
  }
  if (!std::ranges::all_of(name, text::is_of_hostname)) {
    return R"(is no hostname; use letters, digits, "-", "_" and "." only)";
  }
  if (name.size() > kMaxName) {
    return "has " + std::to_string(name.size()) + " bytes; at most 253 are possible";
  }
  return label_fault(name);
}

}  // namespace

std::string canonical_hostname(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  return text::lower_case(text);
}

tl::expected<std::string, std::string> parse_hostname(std::string_view text) {
  std::string name = canonical_hostname(text);
  if (std::string fault = hostname_fault(name); !fault.empty())
    return tl::unexpected(std::move(fault));
  return name;
}

std::optional<std::string> ClaimedNames::claim(const std::string& name, const std::string& place) {
  const auto [entry, taken] = places_.try_emplace(name, place);
  if (taken) return std::nullopt;
  return entry->second;
}

void ClaimedNames::look_up(std::string name, ConfigError at) {
  looked_up_.push_back({std::move(name), std::move(at)});
}

void ClaimedNames::claim_below(const std::string& service) {
  claimed_below_.insert(service);
}

void ClaimedNames::except(std::string name, std::string service, ConfigError at) {
  exceptions_.push_back({std::move(name), std::move(service), std::move(at)});
}

std::string ClaimedNames::fault_of(const Exception& exception) const {
  if (const auto own = places_.find(exception.name); own != places_.end()) {
    return "is the name of a service, at " + own->second + ", and so not " + exception.service +
           "'s anyway; remove it from \"except\"";
  }
  std::string_view parent = exception.name;
  while (parent.size() > exception.service.size()) {
    if (claimed_below_.contains(std::string(parent))) {
      return "is below " + std::string(parent) + ", whose names below are its own, at " +
             places_.at(std::string(parent)) + "; put it into \"except\" there";
    }
    parent.remove_prefix(parent.find('.') + 1);
  }
  return "";
}

ConfigErrors ClaimedNames::faults() const {
  ConfigErrors faults;
  for (const LookedUp& looked_up : looked_up_) {
    const auto own = places_.find(looked_up.name);
    if (own == places_.end()) continue;
    ConfigError& fault = faults.emplace_back(looked_up.at);
    fault.message = text::in_quotes(looked_up.name) + " is the name of a service, at " +
                    own->second + "; look up a name that hlbd doesn't answer itself";
  }
  std::unordered_map<std::string_view, const ConfigError*> excepted;
  for (const Exception& exception : exceptions_) {
    const auto [first, is_new] = excepted.try_emplace(exception.name, &exception.at);
    const std::string fault =
        is_new ? fault_of(exception)
               : "is an exception at " + first->second->place() + " already; remove one of them";
    if (fault.empty()) continue;
    faults.emplace_back(exception.at).message = text::in_quotes(exception.name) + " " + fault;
  }
  return faults;
}

}  // namespace hlb::config
