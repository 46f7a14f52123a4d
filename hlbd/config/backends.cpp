#include "config/backends.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/hostname.h"
#include "text/endpoint.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::chrono::hours kMostHold{24};
constexpr std::string_view kBackendsExample = R"(["10.0.0.1", "10.0.0.2"])";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether an address was meant: a top-level domain has letters (RFC 1123, 2.1).
bool is_like_an_address(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  const std::string_view last_label = text.substr(text.rfind('.') + 1);
  return text.find_first_of(":%/") != std::string_view::npos ||
         std::ranges::none_of(last_label, is_letter);
}

// The canonical name, if it can be looked up; else why it can't.
tl::expected<std::string, std::string> parse_name(const std::string& text) {
  if (is_like_an_address(text))
    return tl::unexpected<std::string>("is no hostname; write { address = ... } for an address");
  if (canonical_hostname(text) == "localhost") {
    return tl::unexpected<std::string>(
        R"(is not looked up in DNS; give an address such as "127.0.0.1")");
  }
  return parse_hostname(text);
}

std::string_view parse_fault(std::string_view text) {
  return text.find('%') != std::string_view::npos
             ? R"(is no address; "%" stands between a link-local IPv6 address and the name of an )"
               "interface of this host"
             : R"(is no address; give an IPv4 or IPv6 address such as "10.0.0.1")";
}

struct Weighting {
  std::uint32_t weight = 1;
  std::uint16_t priority = 0;
  std::uint16_t port = 0;
};

// What to write instead of an address or a name with a port, or with brackets; empty for any other
// text.
std::string mend_of(std::string_view text) {
  if (const auto endpoint = Endpoint::parse(text)) {
    const std::string address = text::in_quotes(endpoint->address.to_string());
    if (endpoint->port == 0) return text.starts_with('[') ? "has brackets; write " + address : "";
    return "has a port; write { address = " + address +
           ", port = " + std::to_string(endpoint->port) + " }";
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return "";
  const auto name = parse_name(std::string(text.substr(0, colon)));
  const std::uint16_t port = text::port_of(text.substr(colon + 1));
  if (!name || port == 0) return "";
  return "has a port; write { name = " + text::in_quotes(*name) +
         ", port = " + std::to_string(port) + " }";
}

class BackendsReader {
 public:
  explicit BackendsReader(Faults& faults) : faults_(faults) {}

  void read(const Value& value) {
    if (value.as_table() != nullptr) return read_table(value);
    if (const auto* text = std::get_if<std::string>(&value.data)) return read_text(*text, value);
    faults_.add(value.at,
                std::string("a backend must be an address or a hostname in quotes or a table, not ")
                    .append(kind_of(value)));
  }

  Backends take() { return std::move(backends_); }

 private:
  void read_text(const std::string& text, const Value& at) {
    if (Address::parse(text) || is_like_an_address(text)) return add_address(text, at, {});
    add_name({.name = text}, at);
  }

  void read_table(const Value& value) {
    TableReader table(value, "a backend", faults_);
    const Value* address = table.find("address");
    const Value* name = table.find("name");
    const Value* srv = table.find("srv");
    if (const Value* fleet = table.find("fleet")) return read_of_fleet(table, *fleet);
    if (address == nullptr && name == nullptr && srv == nullptr) {
      table.require("address", R"(add address = "10.0.0.1", or a name or srv to look up)");
    }
    if (address != nullptr) exclude(table, "address", {"name", "srv"});
    if (name != nullptr) exclude(table, "name", {"srv"});
    const Weighting weighting = read_weighting(table, srv != nullptr);
    const auto hold = read_hold(table, address != nullptr);
    const std::string* address_text = table.text("address");
    const std::string* name_text = table.text("name");
    const std::string* srv_text = table.text("srv");
    table.reject_unknown();
    if (address_text != nullptr) add_address(*address_text, *address, weighting);
    if (name_text != nullptr) add_name(named(*name_text, false, weighting, hold), *name);
    if (srv_text != nullptr) add_name(named(*srv_text, true, weighting, hold), *srv);
  }

  void read_of_fleet(TableReader& table, const Value& fleet) {
    exclude(table, "fleet", {"address", "name", "srv"});
    for (const std::string_view key : {"weight", "priority", "port", "hold"}) {
      if (const Value* value = table.find(key)) {
        faults_.add(value->at, text::in_quotes(key) +
                                   " can't stand beside \"fleet\": the fleet says it; remove it");
      }
    }
    const std::string* text = table.text("fleet");
    table.reject_unknown();
    if (text == nullptr) return;
    const auto name = parse_hostname(*text);
    if (!name) return faults_.add(fleet.at, text::in_quotes(*text) + " " + name.error());
    if (is_new(*text, fleet, fleet_.try_emplace(*name, fleet.at)))
      backends_.of_fleet.push_back({*name, fleet.at});
  }

  static NamedBackends named(const std::string& name, bool srv, const Weighting& weighting,
                             const std::optional<std::chrono::milliseconds>& hold) {
    return {name, srv, weighting.weight, weighting.priority, weighting.port, hold};
  }

  std::optional<std::chrono::milliseconds> read_hold(TableReader& table, bool of_address) {
    const Value* value = table.find("hold");
    if (value == nullptr) return std::nullopt;
    if (of_address) {
      faults_.add(value->at, R"("hold" is of no use beside "address", which DNS isn't asked for; )"
                             "remove it");
      return std::nullopt;
    }
    std::chrono::milliseconds hold{0};
    table.duration("hold", {std::chrono::milliseconds{0}, kMostHold}, hold);
    return hold;
  }

  void exclude(TableReader& table, std::string_view key,
               std::initializer_list<std::string_view> others) {
    for (const std::string_view other : others) {
      if (const Value* value = table.find(other)) {
        faults_.add(value->at, text::in_quotes(other) + " can't stand beside " +
                                   text::in_quotes(key) + "; write two backends, or remove one");
      }
    }
  }

  Weighting read_weighting(TableReader& table, bool srv) {
    Weighting weighting;
    if (srv) {
      for (const std::string_view key : {"weight", "priority"}) {
        if (const Value* value = table.find(key)) {
          faults_.add(value->at, text::in_quotes(key) +
                                     " can't stand beside \"srv\": the SRV records say "
                                     "it; remove it");
        }
      }
    } else {
      table.integer("weight", 0, kMaxWeight, weighting.weight);
      table.integer("priority", 0, std::numeric_limits<std::uint16_t>::max(), weighting.priority);
    }
    table.integer("port", 1, std::numeric_limits<std::uint16_t>::max(), weighting.port);
    return weighting;
  }

  void add_address(const std::string& text, const Value& at, const Weighting& weighting) {
    const auto address = parse_address(text);
    if (!address) return refuse(text, at, address.error());
    if (!is_new(text, at, addresses_.try_emplace(*address, at.at))) return;
    backends_.addresses.push_back(
        {{*address, weighting.weight, weighting.priority, weighting.port}, at.at});
  }

  void add_name(NamedBackends spec, const Value& at) {
    auto name = parse_name(spec.name);
    if (!name) return refuse(spec.name, at, name.error());
    const std::string text = std::exchange(spec.name, std::move(*name));
    if (!is_new(text, at, names_.try_emplace({spec.name, spec.srv}, at.at))) return;
    backends_.names.push_back({std::move(spec), at.at});
  }

  void refuse(const std::string& text, const Value& at, const std::string& fault) {
    const std::string mend = mend_of(text);
    faults_.add(at.at, text::in_quotes(text) + " " + (mend.empty() ? fault : mend));
  }

  // Notes a backend that stands twice. `placed` is what try_emplace() said of it.
  template <typename Place>
  bool is_new(const std::string& text, const Value& at, const std::pair<Place, bool>& placed) {
    if (placed.second) return true;
    faults_.add(at.at, "backend " + text::in_quotes(text) + " stands at " +
                           faults_.place(placed.first->second) + " already; remove one of them");
    return false;
  }

  Faults& faults_;
  Backends backends_;
  std::map<Address, Position> addresses_;
  std::map<std::string, Position> fleet_;
  std::map<std::pair<std::string, bool>, Position> names_;  // by name, and whether SRV is asked
};

}  // namespace

Backends read_backends(const Value& backends, Faults& faults) {
  const Value::Array* array = backends.as_array();
  if (array == nullptr) {
    faults.add(backends.at, std::string("\"backends\" must be an array such as ")
                                .append(kBackendsExample)
                                .append(", not ")
                                .append(kind_of(backends)));
    return {};
  }
  if (array->empty()) faults.add(backends.at, "\"backends\" is empty; give one backend at least");
  if (array->size() > kMaxBackends) {
    faults.add(backends.at, "\"backends\" has " + std::to_string(array->size()) +
                                " entries; at most " + std::to_string(kMaxBackends) +
                                " are possible in one service");
    return {};
  }
  BackendsReader reader(faults);
  std::ranges::for_each(*array, [&](const Value& value) { reader.read(value); });
  return reader.take();
}

tl::expected<Address, std::string> parse_address(std::string_view text) {
  const auto address = Address::parse(text);
  if (!address) return tl::unexpected(std::string(parse_fault(text)));
  if (!address->is_single_host())
    return tl::unexpected<std::string>("is no address of a single host; give a backend's own");
  if (address->is_ipv4_mapped())
    return tl::unexpected<std::string>("is an IPv4 address in IPv6 form; give it as IPv4");
  if (address->is_link_local() && address->scope_id == 0) {
    return tl::unexpected<std::string>(
        R"(is link-local and needs its interface, as in "fe80::1%eth0")");
  }
  return *address;
}

}  // namespace hlb::config
