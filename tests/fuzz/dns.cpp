// Any bytes as a DNS reply: bounded, and nothing that no backend could have.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "discovery/reply.h"

namespace {

using namespace hlb::discovery;

bool is_hostname(const std::string& name) {
  return !name.empty() && name.size() < 1024 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string::npos;
}

void check(const DnsAnswer& answer) {
  const bool empty = answer.addresses.empty() && answer.targets.empty();
  if (empty == (answer.result == DnsAnswer::Result::records)) std::abort();
  if (answer.targets.size() > kMostTargets || answer.ttl.count() < 0) std::abort();
  if (empty && answer.reason.empty()) std::abort();
  for (const SrvTarget& target : answer.targets) {
    if (!is_hostname(target.name)) std::abort();
  }
  for (const hlb::Address& address : answer.addresses) {
    if (!address.is_single_host()) std::abort();
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const RecordType type : {RecordType::a, RecordType::aaaa, RecordType::srv})
    check(read_reply(type, {data, size}));
  return 0;
}
