// The processors of a thread: <sched.h> with sets of any size, whose macros the Glibc module leaves out.
#ifndef QUICHARNESS_PROCESSORS_H
#define QUICHARNESS_PROCESSORS_H

#include <stdint.h>

/// The most processors that are told.
#define QH_PROCESSORS_MAX 8192

/// Writes the numbers of the processors that the calling thread may use into `numbers`, at most `capacity` of them, in their order.
/// Returns how many there are, or a negative error number.
int qh_processors_allowed(uint32_t *numbers, int capacity);

/// Lets the calling thread use processor `number` alone. Returns 0, or a negative error number.
int qh_processor_pin(uint32_t number);

#endif
