// Cancellation and signals, held back for a scope.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <cstring>
#include <initializer_list>

namespace hlb {

// A thread cancelled half-way through a call would leave a descriptor or memory behind.
class CancellationHeld {
 public:
  CancellationHeld() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~CancellationHeld() { pthread_setcancelstate(before_, nullptr); }
  CancellationHeld(const CancellationHeld&) = delete;
  CancellationHeld& operator=(const CancellationHeld&) = delete;

 private:
  int before_ = 0;
};

// A handler that runs for long, or jumps away, would leave a conversation with hlbd half-way.
// Signals that a thread's own instructions or system calls raise are let through: held back, they
// end the program, as SIGSYS where a sandbox has its handler stand in for system calls
// (seccomp(2)). sigprocmask(2) is the thread's own on Linux; pthread_sigmask is in libc itself
// since 2.32 only.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    std::memset(&all, 0xff, sizeof all);
    for (const int own : {SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP})
      sigdelset(&all, own);
    sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
};

}  // namespace hlb
