#include "config/fleet.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "config/check_type.h"
#include "config/hostname.h"
#include "text/ascii.h"
#include "text/endpoint.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::size_t kMostEndpoints = 16;
constexpr std::size_t kMostAllowed = 256;  // names, or networks
constexpr std::size_t kMaxPrefix = 100;
constexpr unsigned kBitsOfByte = 8;

constexpr std::string_view kEtcdExample = R"(["https://etcd1:2379"])";
constexpr std::string_view kNamesExample = R"(["*.internal"])";
constexpr std::string_view kAllowExample = R"(["10.0.0.0/8"])";
constexpr std::string_view kEndpointForm = R"(an address such as "https://etcd1:2379")";
constexpr std::string_view kPrefixForm =
    R"(a path such as "/hlb", without spaces, and without a "/" at its end)";

// Keys of what other versions of hlb may have.
constexpr std::array<std::string_view, 3> kOfSharedHealth = {"observe", "zone", "fallback_checks"};

// ---- arrays of texts ---------------------------------------------------------------------------

// Has `take` read each text of the array; the fault that it returns, if any, follows the text in
// quotes.
template <typename Take>
void read_texts(TableReader& table, std::string_view key, std::string_view example,
                std::size_t most, Faults& faults, Take take) {
  const Value* value =
      table.require(key, std::string("add ").append(key).append(" = ").append(example));
  const Value::Array* array = table.array(key, example);
  if (array == nullptr) return;
  if (array->empty()) {
    faults.add(value->at, text::in_quotes(key) + " is empty; give one at least, as in " +
                              std::string(example));
  }
  if (array->size() > most) {
    return faults.add(value->at, text::in_quotes(key) + " has " + std::to_string(array->size()) +
                                     " entries; at most " + std::to_string(most) + " are possible");
  }
  for (const Value& each : *array) {
    const auto* text = std::get_if<std::string>(&each.data);
    if (text == nullptr) {
      faults.add(each.at, text::must_be(key, "strings in quotes", kind_of(each)));
    } else if (const std::string fault = take(*text); !fault.empty()) {
      faults.add(each.at, text::in_quotes(*text) + " " + fault);
    }
  }
}

template <typename T>
std::string add_once(std::vector<T>& into, T value) {
  if (std::ranges::find(into, value) != into.end()) return "stands here twice; remove one of them";
  into.push_back(std::move(value));
  return "";
}

// ---- the engine --------------------------------------------------------------------------------

bool is_over_tls(std::string_view endpoint) {
  return endpoint.starts_with("https://");
}

// Why it can't be connected to; empty when it can.
std::string endpoint_fault(std::string_view text) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kTls = "https://";
  const bool known = text.starts_with(kPlain) || is_over_tls(text);
  if (!known) return "is no " + std::string(kEndpointForm.substr(3));
  text.remove_prefix(is_over_tls(text) ? kTls.size() : kPlain.size());
  if (text.find('/') != std::string_view::npos) return "has a path; remove it";
  const auto endpoint = Endpoint::parse(text);
  const std::size_t colon = text.rfind(':');
  const bool has_port =
      endpoint ? endpoint->port != 0
               : colon != std::string_view::npos && text::port_of(text.substr(colon + 1)) != 0;
  if (!has_port) return "has no port, 1 to 65535; etcd's is 2379";
  if (endpoint) return "";
  const std::string_view host = text.substr(0, colon);
  if (canonical_hostname(host) == "localhost") return "";
  const auto name = parse_hostname(host);
  return name ? "" : "has a host that " + name.error();
}

void read_prefix(TableReader& table, FleetConfig& fleet, Faults& faults) {
  const std::string* prefix = table.text("prefix");
  if (prefix == nullptr) return;
  const bool right = prefix->starts_with('/') && !prefix->ends_with('/') &&
                     prefix->size() <= kMaxPrefix && std::ranges::all_of(*prefix, text::is_visible);
  if (!right) {
    return faults.add(table.find("prefix")->at,
                      text::must_be("prefix", kPrefixForm, text::in_quotes(*prefix)));
  }
  fleet.prefix = *prefix;
}

void read_files(TableReader& table, FleetConfig& fleet, Faults& faults) {
  const std::string no_service;
  TlsSpec tls;
  read_tls_files({table, no_service, faults}, tls);
  fleet.ca = std::move(tls.ca);
  fleet.certificate = std::move(tls.certificate);
  fleet.key = std::move(tls.key);
  if (fleet.etcd.empty() || std::ranges::any_of(fleet.etcd, is_over_tls)) return;
  for (const std::string_view key : {"ca", "certificate", "key"}) {
    if (const Value* value = table.find(key)) {
      faults.add(value->at,
                 text::in_quotes(key) + R"( is of no use with "http://"; make that "https://")");
    }
  }
}

// ---- what the fleet may say --------------------------------------------------------------------

// "app.internal", or "*.internal".
std::string read_allowed_name(std::string_view text, std::vector<std::string>& into) {
  const bool below = text.starts_with("*.");
  const auto name = parse_hostname(below ? text.substr(2) : text);
  if (name) return add_once(into, (below ? "*." : "") + *name);
  if (text.find('*') != std::string_view::npos)
    return R"(is no name; give one such as "app.internal" or "*.internal")";
  return name.error();
}

bool is_within(const Address& address, const FleetConfig::Network& network) {
  if (address.family != network.address.family) return false;
  const std::size_t whole = network.bits / kBitsOfByte;
  const unsigned rest = network.bits % kBitsOfByte;
  const auto& of_network = network.address.bytes;
  if (!std::equal(of_network.begin(), of_network.begin() + whole, address.bytes.begin()))
    return false;
  const unsigned differing = rest == 0 ? 0U : address.bytes.at(whole) ^ of_network.at(whole);
  return differing >> (kBitsOfByte - rest) == 0;
}

// The network that begins at the same place, with the bits after the first `bits` zero.
FleetConfig::Network network_of(const Address& address, std::uint8_t bits) {
  FleetConfig::Network network{address, bits};
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const auto before = static_cast<unsigned>(i) * kBitsOfByte;
    const unsigned kept = bits <= before ? 0U : std::min(bits - before, kBitsOfByte);
    const unsigned mask = 0xff00U >> kept;
    network.address.bytes.at(i) &= static_cast<std::uint8_t>(mask);
  }
  return network;
}

std::string read_network(std::string_view text, std::vector<FleetConfig::Network>& into) {
  constexpr std::string_view kForm =
      R"(is no network; give one such as "10.0.0.0/8" or "fd00::/8", or an address)";
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address || address->scope_id != 0) return std::string(kForm);
  const std::uint8_t most = address->is_ipv4() ? 32 : 128;
  std::uint8_t bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits > most)
      return std::string(kForm);
  }
  const FleetConfig::Network network = network_of(*address, bits);
  if (network.address != *address) {
    return "has bits set after the first " + std::to_string(bits) + "; write \"" +
           network.address.to_string() + "/" + std::to_string(bits) + "\"";
  }
  return add_once(into, network);
}

void read_health(TableReader& table, Faults& faults) {
  const std::string* health = table.text("health");
  if (health == nullptr || *health == "own") return;
  const Position at = table.find("health")->at;
  if (*health == "shared") {
    return faults.add(at, R"("shared" is not in this version; write "own", or remove the key)");
  }
  faults.add(at, text::must_be("health", R"("own")", text::in_quotes(*health)));
}

std::string fault_of_later_key(std::string_view key) {
  if (std::ranges::find(kOfSharedHealth, key) == kOfSharedHealth.end()) return "";
  return text::in_quotes(key) +
         " is for health = \"shared\", which is not in this version; "
         "remove it";
}

}  // namespace

FleetConfig read_fleet(const Value& value, Faults& faults) {
  FleetConfig fleet;
  if (value.as_table() == nullptr) {
    faults.add(value.at,
               std::string("\"fleet\" must be one table, [fleet], not ").append(kind_of(value)));
    return fleet;
  }
  TableReader table(value, "[fleet]", faults);
  read_texts(table, "etcd", kEtcdExample, kMostEndpoints, faults, [&](const std::string& text) {
    const std::string fault = endpoint_fault(text);
    return fault.empty() ? add_once(fleet.etcd, text) : fault;
  });
  read_texts(table, "names", kNamesExample, kMostAllowed, faults,
             [&](const std::string& text) { return read_allowed_name(text, fleet.names); });
  read_texts(table, "allow", kAllowExample, kMostAllowed, faults,
             [&](const std::string& text) { return read_network(text, fleet.allow); });
  read_prefix(table, fleet, faults);
  read_files(table, fleet, faults);
  read_health(table, faults);
  table.reject_unknown(fault_of_later_key);
  return fleet;
}

bool may_define(const FleetConfig& fleet, std::string_view name) {
  return std::ranges::any_of(fleet.names, [&](std::string_view allowed) {
    return allowed.starts_with('*') ? name.ends_with(allowed.substr(1)) : name == allowed;
  });
}

bool may_give(const FleetConfig& fleet, const Address& address) {
  return std::ranges::any_of(fleet.allow, [&](const FleetConfig::Network& network) {
    return is_within(address, network);
  });
}

}  // namespace hlb::config
