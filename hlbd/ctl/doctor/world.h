// The world of another process, in which its lookups are made.
#pragma once

#include <sys/types.h>

#include <string>
#include <tl/expected.hpp>

namespace hlb::ctl::doctor {

// Takes this process, a child made for that, into the world of another: its namespaces, but that
// of processes for this one's children alone, its root folder, its user and groups; and leaves no
// more rights than these and the reading of files need, as programs are to be run that aren't to be
// trusted. Nothing is done where both have the same. The error says what isn't allowed; then this
// process is good for nothing more.
tl::expected<void, std::string> enter_world_of(pid_t pid);

}  // namespace hlb::ctl::doctor
