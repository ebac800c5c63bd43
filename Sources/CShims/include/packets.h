// Counts the packets whose protection was removed, on each thread: the library has no callback that tells of them.
#ifndef QUICHARNESS_PACKETS_H
#define QUICHARNESS_PACKETS_H

#include <stdint.h>

void qh_count_opened_packet(void);

/// Packets of all connections that the calling thread has opened so far; it wraps around.
uint32_t qh_opened_packets_now(void);

#endif
