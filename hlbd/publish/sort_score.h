// Scores where glibc's sort of getaddrinfo's answer (RFC 6724; getaddrinfo.c, rfc3484_sort) will
// put an address on this host, as one number per address.
//
// Every rule of that sort compares a property that one address has by itself, so the whole order
// folds into one integer: a higher score sorts first, equal scores keep the order in which the
// module gave them. (Measured: between families as well. The one exception are IPv4-mapped IPv6
// addresses next to IPv4 ones, for which glibc's comparison is no order at all.)
//
// An /etc/gai.conf that changes the tables is not foreseen, nor are rules or namespaces under which
// the asking process would connect from another address than hlbd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "network/source_address.h"
#include "text/address.h"

namespace hlb::publish {

// Returns the score of an address that is reached from `source`; nullopt: it can't be reached.
// Pure. Follows glibc 2.36 to 2.41, which agree.
std::uint32_t sort_score(const Address& destination,
                         const std::optional<network::SourceAddress>& source);

// Keeps the scores on this host as it is, per address. Used by hlbd's loop alone.
class SortScores {
 public:
  // Forgets all scores, and reads the host's addresses anew. To be called when addresses or routes
  // changed. Costs a few system calls; so does the next of() for each address.
  void refresh();

  // Forgets some scores when there are more than `most`, as of addresses that were used for a
  // while. Returns whether there still are more.
  bool forget_some(std::size_t most);

  // The score of an address. Addresses that can't be reached from here score below all others.
  std::uint32_t of(const Address& address);

 private:
  struct Hash {
    std::size_t operator()(const Address& address) const;
  };

  network::SourceAddresses sources_;
  std::unordered_map<Address, std::uint32_t, Hash> known_;
};

}  // namespace hlb::publish
