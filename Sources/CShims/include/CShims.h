// What Swift cannot import by itself: see each header.
#ifndef QUICHARNESS_CSHIMS_H
#define QUICHARNESS_CSHIMS_H

#include "heap.h"
#include "packets.h"
#include "processors.h"
#include "tls_memory.h"
#include "sockets.h"

#endif
