// UDP sockets, control messages, epoll and eventfd, which the Glibc module leaves out or cannot import.
//
// Functions that return an int return a negative errno on failure.
#ifndef QUICHARNESS_SOCKETS_H
#define QUICHARNESS_SOCKETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// An IPv4 or IPv6 address with its port, as the system writes it.
union qh_address {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

/// The system's sentence for an errno value.
const char *qh_error_text(int code);

// --- Sockets

/// A non-blocking UDP socket that is closed on exec.
int qh_socket_open(bool is_ipv6);

/// Sets what every socket of ours needs: IPv6 only, ECN marks read, datagrams never fragmented.
/// `reads_destination` adds the destination address to each datagram.
int qh_socket_configure(int fd, bool is_ipv6, bool reuse_port, bool reads_destination);

/// Asks for kernel buffers of these sizes, past the system's limit where the process may.
void qh_socket_set_buffers(int fd, int receive_bytes, int send_bytes);

/// The sizes the kernel granted, its own bookkeeping included.
int qh_socket_receive_buffer(int fd);
int qh_socket_send_buffer(int fd);

/// Whether the kernel now hands over several datagrams of one path as one message (UDP_GRO).
bool qh_socket_enable_receive_offload(int fd);

/// Whether the kernel cuts one message into several datagrams (UDP_SEGMENT).
bool qh_socket_supports_segmentation(int fd);

int qh_socket_bind(int fd, const union qh_address *address, uint32_t length);
int qh_socket_connect(int fd, const union qh_address *address, uint32_t length);

/// Writes the bound address and returns its length.
int qh_socket_name(int fd, union qh_address *address);

/// Picks the socket of a reuseport group by the first connection ID byte modulo `worker_count`.
int qh_socket_attach_steering(int fd, uint32_t worker_count);

void qh_close(int fd);

// --- Receiving

/// One received message and what its control messages said.
struct qh_received {
  /// The true length, more than the buffer holds when `is_truncated`.
  uint32_t count;
  /// The length of all datagrams in the message but the last; 0 when it is a single datagram.
  uint32_t segment_bytes;
  /// Datagrams the socket's queue has dropped since it was opened; 0 when the kernel did not say.
  uint32_t overflow_count;
  uint32_t remote_length;
  /// 0 when the destination address is not known.
  uint32_t local_length;
  union qh_address remote;
  /// The destination address, with port 0.
  union qh_address local;
  uint8_t traffic_class;
  bool is_truncated;
};

/// The arrays of recvmmsg, in one block of memory that the caller owns.
struct qh_receive_batch;

/// The bytes the block takes.
size_t qh_receive_batch_bytes(uint32_t capacity, uint32_t buffer_bytes);

/// Lays the arrays out in `memory`, which is aligned to 16 bytes.
struct qh_receive_batch *qh_receive_batch_init(void *memory, uint32_t capacity, uint32_t buffer_bytes);

/// Takes up to `capacity` messages from the socket and returns how many.
int qh_receive(int fd, struct qh_receive_batch *batch);

/// The messages of the last `qh_receive`.
const struct qh_received *qh_receive_batch_messages(const struct qh_receive_batch *batch);

/// The payload buffers, one after the other in the order of the messages.
const void *qh_receive_batch_payloads(const struct qh_receive_batch *batch);

// --- Sending

/// One message to send and what its control messages say.
struct qh_outgoing {
  /// The length of the payload.
  uint32_t count;
  /// The length of all datagrams in the message but the last; 0 when it is a single datagram.
  uint16_t segment_bytes;
  uint8_t traffic_class;
  /// Whether `source` replaces the address the kernel would choose.
  bool has_source;
  uint32_t remote_length;
  union qh_address remote;
  union qh_address source;
};

/// The arrays of sendmmsg, in one block of memory that the caller owns.
struct qh_send_batch;

/// The bytes the block takes.
size_t qh_send_batch_bytes(uint32_t capacity);

/// Lays the arrays out in `memory`, which is aligned to 16 bytes.
struct qh_send_batch *qh_send_batch_init(void *memory, uint32_t capacity);

/// Fills the message at `index`; the payload at `bytes` is not copied.
void qh_send_batch_put(struct qh_send_batch *batch, uint32_t index, void *bytes, const struct qh_outgoing *message);

/// Sends the first `count` messages and returns how many went out; fails only when the first one does.
int qh_send(int fd, struct qh_send_batch *batch, uint32_t count);

// --- Events

/// A descriptor that has something to do.
struct qh_ready {
  uint64_t tag;
  bool is_readable;
  bool is_writable;
};

/// The most descriptors one `qh_epoll_wait` reports.
#define QH_READY_LIMIT 64

int qh_epoll_create(void);

/// Starts watching `fd`, or changes what it is watched for when it `is_watched` already.
int qh_epoll_watch(int epoll, int fd, uint64_t tag, bool wants_write, bool is_watched);

/// Waits at most `timeout_nanoseconds` (for ever when negative) and returns how many descriptors are ready.
int qh_epoll_wait(int epoll, struct qh_ready *ready, int64_t timeout_nanoseconds);

int qh_eventfd_create(void);
void qh_eventfd_signal(int fd);
void qh_eventfd_drain(int fd);

#pragma clang assume_nonnull end

#endif
