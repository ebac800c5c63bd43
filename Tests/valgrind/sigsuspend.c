// Loaded before libdispatch when the server runs under valgrind: scripts/memory-check.
//
// libdispatch parks the main thread with a mask in read-only memory. Valgrind 3.19 writes into the mask that it is
// given, and dies of that; here it is given a copy.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int sigsuspend(const sigset_t *mask) {
  sigset_t copy = *mask;
  // The kernel's set has a bit for each of 64 signals.
  return (int)syscall(SYS_rt_sigsuspend, &copy, 64 / 8);
}
