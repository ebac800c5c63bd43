#include "tls_memory.h"

#include <malloc.h>
#include <stdlib.h>

static _Thread_local qh_tls_tally tally;

// Blocks carry no header: some of those that come to qh_tls_free were taken before these functions were installed.
static void count(const void *block, int64_t sign) {
  if (block == NULL) {
    return;
  }
  tally.bytes += sign * (int64_t)malloc_usable_size((void *)block);
  tally.blocks += sign;
}

qh_tls_tally qh_tls_tally_now(void) { return tally; }

void qh_tls_tally_settle(qh_tls_tally part) {
  tally.bytes -= part.bytes;
  tally.blocks -= part.blocks;
}

void *qh_tls_malloc(size_t size) {
  void *block = malloc(size);
  count(block, 1);
  return block;
}

void *qh_tls_calloc(size_t number, size_t size) {
  void *block = calloc(number, size);
  count(block, 1);
  return block;
}

void *qh_tls_realloc(void *block, size_t size) {
  // realloc(block, 0) would free the block and return NULL, which GnuTLS takes for a failure.
  size_t wanted = size > 0 ? size : 1;
  size_t before = block != NULL ? malloc_usable_size(block) : 0;
  void *moved = realloc(block, wanted);
  if (moved == NULL) {
    return NULL;
  }
  tally.bytes += (int64_t)malloc_usable_size(moved) - (int64_t)before;
  tally.blocks += block == NULL;
  return moved;
}

void qh_tls_free(void *block) {
  count(block, -1);
  free(block);
}
