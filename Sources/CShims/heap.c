#include "heap.h"

#include <malloc.h>

size_t qh_block_bytes(const void *block) { return malloc_usable_size((void *)block); }

uint64_t qh_heap_in_use(void) {
  struct mallinfo2 info = mallinfo2();
  return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}

int qh_heap_trim(void) { return malloc_trim(0); }
