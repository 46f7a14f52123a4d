// Where glibc's sort of getaddrinfo's answer (RFC 6724; getaddrinfo.c, rfc3484_sort) will put an
// address on this host, as one number per address.
//
// Every rule of that sort compares a property that one address has by itself, so the whole order
// folds into one integer: a higher score sorts first, equal scores keep the order in which the
// module gave them. (Measured: between families as well. The one exception are IPv4-mapped IPv6
// addresses next to IPv4 ones, for which glibc's comparison is no order at all.)
//
// Not foreseen: an /etc/gai.conf that changes the tables, and rules or namespaces under which the
// asking process would connect from another address than hlbd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "network/source_address.h"
#include "text/address.h"

namespace hlb::publish {

// The score of an address that is reached from `source`; no source: it can't be reached.
// Pure. Follows glibc 2.36 … 2.41, which agree.
std::uint32_t sort_score(const Address& destination,
                         const std::optional<network::SourceAddress>& source);

// The scores on this host as it is, remembered per address.
// Not thread-safe: hlbd's loop alone uses it.
class SortScores {
 public:
  // Forgets what is remembered, and reads the host's addresses anew. To be called when addresses or
  // routes changed. Costs a few system calls; so does the next of() for each address.
  void refresh();

  // Forgets what is remembered when that is more than `most`, as of addresses that were for a
  // while.
  void keep_at_most(std::size_t most);

  // An address that can't be reached from here scores below all that can.
  std::uint32_t of(const Address& address);

 private:
  struct Hash {
    std::size_t operator()(const Address& address) const;
  };

  network::SourceAddresses sources_;
  std::unordered_map<Address, std::uint32_t, Hash> known_;
};

}  // namespace hlb::publish
