#include "system/thread.h"

#include <pthread.h>

#include <utility>

#include "system/signals_blocked.h"

namespace hlb {
std::thread start_thread(const char* name, std::function<void()> work) {
  const SignalsBlocked inherited;
  std::thread thread(std::move(work));
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

}  // namespace hlb
