// Sockets of probes that take a way of their own.
#pragma once

#include <boost/system/error_code.hpp>
#include <tl/expected.hpp>

#include "health/check_spec.h"
#include "system/file_descriptor.h"

namespace hlb::probes {

// Opens a socket, which must be non-blocking by `type`, in the network namespace, on the interface
// and from the address that the way names. The error's category is way_category() where the way is
// at fault: there is no such interface, say.
tl::expected<FileDescriptor, boost::system::error_code> open_socket(const Way& way,
                                                                    Address::Family family,
                                                                    int type, int protocol);

// The error that errno tells, as Asio has it.
boost::system::error_code socket_error();

// The category of errors whose messages say which part of a way can't be taken, and why.
const boost::system::error_category& way_category();

}  // namespace hlb::probes
