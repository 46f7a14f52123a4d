// Finds out whether a bus answers at all, before it is joined.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>

namespace hlb::bus {

enum class BusKind : std::uint8_t { system, session };

// Limits the wait for a bus that doesn't answer the greeting to a second. To be called before a
// thread is started, since it changes the environment.
void limit_greeting();

// Throws std::runtime_error unless the bus answers. sdbus-c++ would wait for one that is frozen, or
// whose socket systemd holds open while the bus itself still has to start.
boost::asio::awaitable<void> expect_answer(boost::asio::io_context& io, BusKind kind);

}  // namespace hlb::bus
