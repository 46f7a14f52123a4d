#include "config/backends.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "config/wording.h"

namespace hlb::config {

namespace {

constexpr std::string_view kExample = R"(["10.0.0.1", "10.0.0.2"])";

// Addresses that nobody can connect to as one host: unspecified, multicast, broadcast.
bool is_no_single_host(const Address& address) {
  if (address.family == Address::Family::ipv4) {
    return address.bytes[0] == 0 || address.bytes[0] >= 224;
  }
  return address.bytes[0] == 0xff || address.bytes == decltype(address.bytes){};
}

// ::ffff:0:0/96 (RFC 4291, 2.5.5.2), which glibc's sort can't put in order beside IPv4 addresses.
bool is_ipv4_mapped(const Address& address) {
  constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return address.family == Address::Family::ipv6 &&
         std::equal(kPrefix.begin(), kPrefix.end(), address.bytes.begin());
}

// Why `text` is no address.
std::string parse_fault(std::string_view text) {
  return text.find('%') != std::string_view::npos
             ? R"(is no address; "%" stands between a link-local IPv6 address and the name of an )"
               "interface of this host"
             : R"(is no address; give an IPv4 or IPv6 address such as "10.0.0.1")";
}

// Empty for an address that a backend can have.
std::string address_fault(const Address& address) {
  if (is_no_single_host(address)) return "is no address of a single host; give a backend's own";
  if (is_ipv4_mapped(address)) return "is an IPv4 address in IPv6 form; give it as IPv4";
  if (address.is_link_local() && address.scope_id == 0) {
    return R"(is link-local and needs its interface, as in "fe80::1%eth0")";
  }
  return "";
}

class BackendsReader {
 public:
  explicit BackendsReader(Faults& faults) : faults_(faults) {}

  void read(const Value& value) {
    if (value.as_table() != nullptr) return read_table(value);
    if (const auto* text = std::get_if<std::string>(&value.data)) {
      return add(*text, value, BackendSpec{});
    }
    faults_.add(value.at, std::string("a backend must be an address in quotes or a table, not ")
                              .append(kind_of(value)));
  }

  std::vector<PlacedBackend> take() { return std::move(backends_); }

 private:
  void read_table(const Value& value) {
    TableReader table(value, "a backend", faults_);
    const Value* address_value = table.require("address", R"(add address = "10.0.0.1")");
    const std::string* address = table.text("address");
    BackendSpec spec;
    table.integer("weight", 0, kMaxWeight, spec.weight);
    table.integer("priority", 0, std::numeric_limits<std::uint16_t>::max(), spec.priority);
    table.integer("port", 1, std::numeric_limits<std::uint16_t>::max(), spec.port);
    table.reject_unknown();
    if (address != nullptr) add(*address, *address_value, spec);
  }

  void add(const std::string& text, const Value& at, BackendSpec spec) {
    const auto address = Address::parse(text);
    if (!address) return faults_.add(at.at, in_quotes(text) + " " + parse_fault(text));
    if (const std::string fault = address_fault(*address); !fault.empty()) {
      return faults_.add(at.at, in_quotes(text) + " " + fault);
    }
    const auto [first, is_new] = places_.try_emplace(*address, at.at);
    if (!is_new) {
      return faults_.add(at.at, "backend " + in_quotes(text) + " stands at " +
                                    faults_.place(first->second) + " already; remove one of them");
    }
    spec.address = *address;
    backends_.push_back({spec, at.at});
  }

  Faults& faults_;
  std::vector<PlacedBackend> backends_;
  std::map<Address, Position> places_;
};

}  // namespace

std::vector<PlacedBackend> read_backends(const Value& backends, Faults& faults) {
  const Value::Array* array = backends.as_array();
  if (array == nullptr) {
    faults.add(backends.at, std::string("\"backends\" must be an array such as ")
                                .append(kExample)
                                .append(", not ")
                                .append(kind_of(backends)));
    return {};
  }
  if (array->empty()) faults.add(backends.at, "\"backends\" is empty; give one address at least");
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

}  // namespace hlb::config
