// glibc's <malloc.h>, which the Glibc module leaves out.
#ifndef QUICHARNESS_HEAP_H
#define QUICHARNESS_HEAP_H

#include <stddef.h>
#include <stdint.h>

/// The bytes the allocator set aside for a block it handed out; 0 for NULL.
size_t qh_block_bytes(const void *block);

/// Bytes in blocks handed out and not yet freed, over all arenas and mappings.
uint64_t qh_heap_in_use(void);

/// Returns free heap pages to the system; 1 if any were.
int qh_heap_trim(void);

#endif
