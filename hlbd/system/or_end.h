// What a coroutine throws that nobody awaits is a broken invariant, or want of memory: it ends the
// loop, and with it hlbd, which systemd starts anew.
#pragma once

#include <exception>

namespace hlb {

// As the last argument of co_spawn().
inline constexpr auto kOrEnd = [](const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
};

}  // namespace hlb
