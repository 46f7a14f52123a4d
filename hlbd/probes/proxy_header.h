// What a connection begins with where the PROXY protocol is expected, see HAProxy's
// proxy-protocol.txt.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace hlb::probes {

// Of the version 1 or 2, for a connection that is made on nobody's behalf: in version 2, which has
// a word for that, it says no more; in version 1 it names both its own ends, as HAProxy's checks
// do.
std::string proxy_header(unsigned version, const boost::asio::ip::tcp::endpoint& from,
                         const boost::asio::ip::tcp::endpoint& to);

}  // namespace hlb::probes
