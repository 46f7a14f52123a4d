// A question to one DNS server, for the addresses of a name.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/endpoint.h"

namespace hlb::ctl {

using Octets = std::vector<std::uint8_t>;

// The message that asks for a name's addresses of a family. The name is one that a service can
// have.
Octets make_question(std::string_view name, Address::Family family, std::uint16_t id);

struct AddressReply {
  std::set<Address> addresses;  // also of the names that the name is an alias of
  bool is_cut = false;          // there is more than was sent
};

// Reads the reply to the question with this id; nullopt if it is none. Any code but success means
// that there are no addresses.
std::optional<AddressReply> parse_answer(std::span<const std::uint8_t> reply, std::uint16_t id);

// Asks, by UDP and if need be by TCP; nullopt if there is no answer in time.
std::optional<std::set<Address>> ask_dns(const Endpoint& server, std::string_view name,
                                         Address::Family family, std::chrono::milliseconds timeout);

}  // namespace hlb::ctl
