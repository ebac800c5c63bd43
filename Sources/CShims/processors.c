#define _GNU_SOURCE
#include "processors.h"

#include <errno.h>
#include <sched.h>

int qh_processors_allowed(uint32_t *numbers, int capacity) {
  cpu_set_t *set = CPU_ALLOC(QH_PROCESSORS_MAX);
  if (set == NULL) return -ENOMEM;
  size_t bytes = CPU_ALLOC_SIZE(QH_PROCESSORS_MAX);
  CPU_ZERO_S(bytes, set);
  int count = sched_getaffinity(0, bytes, set) < 0 ? -errno : 0;
  for (uint32_t number = 0; count >= 0 && number < QH_PROCESSORS_MAX; number++) {
    if (!CPU_ISSET_S(number, bytes, set)) continue;
    if (count < capacity) numbers[count] = number;
    count++;
  }
  CPU_FREE(set);
  return count;
}

int qh_processor_pin(uint32_t number) {
  if (number >= QH_PROCESSORS_MAX) return -EINVAL;
  cpu_set_t *set = CPU_ALLOC(QH_PROCESSORS_MAX);
  if (set == NULL) return -ENOMEM;
  size_t bytes = CPU_ALLOC_SIZE(QH_PROCESSORS_MAX);
  CPU_ZERO_S(bytes, set);
  CPU_SET_S(number, bytes, set);
  int result = sched_setaffinity(0, bytes, set) < 0 ? -errno : 0;
  CPU_FREE(set);
  return result;
}
