// Sockets of probes that take a way of their own.
#pragma once

#include <boost/system/error_code.hpp>

#include "health/check_spec.h"

namespace hlb::probes {

// As socket(2), which must be non-blocking by `type`, in the network namespace, on the interface
// and from the address that the way names; -1 and `error` if that can't be. The error's category is
// way_category() where the way is at fault: there is no such interface, say.
int open_socket(const Way& way, Address::Family family, int type, int protocol,
                boost::system::error_code& error);

// What errno says, as Asio has it.
boost::system::error_code socket_error();

// Of errors whose messages say which part of a way can't be taken, and why.
const boost::system::error_category& way_category();

}  // namespace hlb::probes
