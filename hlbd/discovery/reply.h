// A DNS message → what it says to the question.
#pragma once

#include <cstdint>
#include <span>

#include "discovery/answer.h"

namespace hlb::discovery {

// `message` is the reply to a question for `type`, any bytes whatever; who sent it, and whether it
// repeats the question, is the caller's to check. Left out are addresses that no backend can have
// (unspecified, multicast, link-local) and targets that are no hostnames.
DnsAnswer read_reply(RecordType type, std::span<const std::uint8_t> message);

}  // namespace hlb::discovery
