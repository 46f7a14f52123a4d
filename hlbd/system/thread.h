// Threads beside hlbd's loop.
#pragma once

#include <functional>
#include <thread>

namespace hlb {

// A thread for this work, by this name (15 bytes at most) for ps and top. Signals are the loop's:
// none is ever delivered to it. Throws std::system_error when there can be no more threads.
std::thread start_thread(const char* name, std::function<void()> work);

}  // namespace hlb
