// Reads DNS messages.
#pragma once

#include <cstdint>
#include <span>

#include "discovery/answer.h"

namespace hlb::discovery {

// Reads `message`, any bytes whatever, as the reply to a question for `type`. The caller checks who
// sent it, and whether it repeats the question. Leaves out addresses that no backend can have
// (unspecified, multicast, link-local) and targets that are no hostnames.
DnsAnswer read_reply(RecordType type, std::span<const std::uint8_t> message);

}  // namespace hlb::discovery
