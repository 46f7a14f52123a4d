// The plan of a measurement: which cases, read from text that tests/bench/bench writes.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace hlb::bench {

struct Case {
  enum class Kind : std::uint8_t {
    lookup,   // getaddrinfo in a running process
    threads,  // the same from several threads at once, on all cores
    foreign,  // the module's entry point alone, with a name that is not hlb's
    first,    // the first getaddrinfo of a fresh process
  };

  std::string name;
  Kind kind = Kind::lookup;
  std::string sources;  // as on the hosts line; empty: the line of /etc/nsswitch.conf, and nscd
  std::string runtime;  // the folder that is /run/hlb to it; empty: as it is
  std::string host;     // '#' stands for the number of one of `hosts` hosts
  unsigned hosts = 1;
  unsigned threads = 1;
};

// One case a line: NAME KIND SOURCES RUNTIME HOST HOSTS THREADS, with "-" for nothing and a comma
// between sources. Throws std::runtime_error that names the line it can't read.
std::vector<Case> read_plan(std::istream& text);

// The hosts of a case by name, in an order of chance: a table read in the order in which it lies
// would flatter the caches.
std::vector<std::string> hosts_of(const Case& measured);

}  // namespace hlb::bench
