// Counts what GnuTLS takes from the allocator and gives back, on each thread.
#ifndef QUICHARNESS_TLS_MEMORY_H
#define QUICHARNESS_TLS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/// Bytes and blocks taken minus those given back by the calling thread so far, without those that were settled. Either may
/// be negative: what one thread took another may give back.
typedef struct {
  int64_t bytes;
  int64_t blocks;
} qh_tls_tally;

qh_tls_tally qh_tls_tally_now(void);

/// Takes `part` off the calling thread's tally: somebody was charged for it, and nobody else is to be.
void qh_tls_tally_settle(qh_tls_tally part);

// The four functions GnuTLS is to use. They count, and never refuse: GnuTLS does not survive a refusal.
void *qh_tls_malloc(size_t size);
void *qh_tls_calloc(size_t count, size_t size);
void *qh_tls_realloc(void *block, size_t size);
void qh_tls_free(void *block);

#endif
