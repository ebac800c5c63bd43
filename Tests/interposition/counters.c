// Counts the calls that a program makes into the allocator, Swift's runtime and the system, for Tests/ProcessTests/EchoCostTests.swift.
//
// Loaded with LD_PRELOAD. The counts are in the file that QUICHARNESS_CALL_COUNTS names, which the test reads while the program runs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// In the order of CallCounts.
enum counted { allocations, retains, accesses, receives, sends, waits, counted_calls };

static _Atomic uint64_t uncounted[counted_calls];
static _Atomic uint64_t *counts = uncounted;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("QUICHARNESS_CALL_COUNTS");
  int file = path == NULL ? -1 : open(path, O_RDWR | O_CREAT, 0600);
  if (file < 0) return;
  void *memory = ftruncate(file, sizeof uncounted) < 0
                     ? MAP_FAILED
                     : mmap(NULL, sizeof uncounted, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory != MAP_FAILED) counts = memory;
  close(file);
}

static void count(enum counted call) { atomic_fetch_add_explicit(&counts[call], 1, memory_order_relaxed); }

// The function of that name that this one hides; looked up once.
#define HIDDEN(function)                 \
  static __typeof__(function) *hidden; \
  if (hidden == NULL) hidden = (__typeof__(function) *)dlsym(RTLD_NEXT, #function)

// --- The allocator. glibc's own names for its functions are there before anything can be looked up.

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  count(allocations);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(allocations);
  return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
  count(allocations);
  return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count(allocations);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  count(allocations);
  *block = __libc_memalign(alignment, size);
  return *block == NULL ? ENOMEM : 0;
}

// --- Swift's runtime

void *swift_retain(void *object) {
  count(retains);
  HIDDEN(swift_retain);
  return hidden(object);
}

void *swift_retain_n(void *object, uint32_t number) {
  count(retains);
  HIDDEN(swift_retain_n);
  return hidden(object, number);
}

void *swift_bridgeObjectRetain(void *object) {
  count(retains);
  HIDDEN(swift_bridgeObjectRetain);
  return hidden(object);
}

void swift_beginAccess(void *address, void *buffer, uintptr_t flags, void *caller) {
  count(accesses);
  HIDDEN(swift_beginAccess);
  hidden(address, buffer, flags, caller != NULL ? caller : __builtin_return_address(0));
}

// --- The system

int recvmmsg(int file, struct mmsghdr *messages, unsigned int number, int flags, struct timespec *timeout) {
  count(receives);
  HIDDEN(recvmmsg);
  return hidden(file, messages, number, flags, timeout);
}

int sendmmsg(int file, struct mmsghdr *messages, unsigned int number, int flags) {
  count(sends);
  HIDDEN(sendmmsg);
  return hidden(file, messages, number, flags);
}

int epoll_pwait2(int file, struct epoll_event *events, int number, const struct timespec *timeout, const sigset_t *mask) {
  count(waits);
  HIDDEN(epoll_pwait2);
  return hidden(file, events, number, timeout, mask);
}

int epoll_wait(int file, struct epoll_event *events, int number, int timeout) {
  count(waits);
  HIDDEN(epoll_wait);
  return hidden(file, events, number, timeout);
}
