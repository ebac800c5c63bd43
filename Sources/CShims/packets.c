#include "packets.h"

static _Thread_local uint32_t opened;

void qh_count_opened_packet(void) { opened++; }

uint32_t qh_opened_packets_now(void) { return opened; }
