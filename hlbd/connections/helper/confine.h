// What this process can ask of the kernel.
#pragma once

namespace hlb::connections {

// From now on, and for good, this process can wait, use the descriptors that it has, take
// connections and allocate, but no more: CAP_NET_ADMIN alone could take the network down. Throws
// std::system_error when the kernel has no such filter.
void confine();

}  // namespace hlb::connections
