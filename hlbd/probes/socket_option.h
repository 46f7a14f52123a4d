// Options of sockets that a probe does without, where they can't be set.
#pragma once

#include <sys/socket.h>

namespace hlb::probes {

template <typename Value>
void set_option(int fd, int level, int name, const Value& value) {
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

}  // namespace hlb::probes
