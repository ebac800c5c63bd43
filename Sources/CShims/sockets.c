#define _GNU_SOURCE
#include "sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

// Room for every control message of one message: 112 bytes are used at most when receiving, 88 when sending.
enum { control_bytes = 128 };

static int result_or_errno(int result) { return result < 0 ? -errno : result; }

static int set_option(int fd, int level, int name, int value) {
  return result_or_errno(setsockopt(fd, level, name, &value, sizeof value));
}

static int get_option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  int result = getsockopt(fd, level, name, &value, &length);
  return result < 0 ? -errno : value;
}

const char *qh_error_text(int code) {
  const char *text = strerrordesc_np(code);
  return text != NULL ? text : "unknown error";
}

// --- Sockets

int qh_socket_open(bool is_ipv6) {
  return result_or_errno(
      socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
}

static int configure_ipv4(int fd, bool reads_destination) {
  int result = set_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
  if (result < 0) return result;
  // RFC 9000 §14: "UDP datagrams MUST NOT be fragmented at the IP layer." PROBE sets the DF bit and leaves the
  // choice of the datagram size to QUIC.
  result = set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (result < 0) return result;
  return reads_destination ? set_option(fd, IPPROTO_IP, IP_PKTINFO, 1) : 0;
}

static int configure_ipv6(int fd, bool reads_destination) {
  int result = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (result < 0) return result;
  result = set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  if (result < 0) return result;
  // RFC 9000 §14: see configure_ipv4.
  result = set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  if (result < 0) return result;
  return reads_destination ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : 0;
}

int qh_socket_configure(int fd, bool is_ipv6, bool reuse_port, bool reads_destination) {
  int result = is_ipv6 ? configure_ipv6(fd, reads_destination) : configure_ipv4(fd, reads_destination);
  if (result < 0) return result;
  // Only a counter depends on it.
  (void)set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  return reuse_port ? set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) : 0;
}

void qh_socket_set_buffers(int fd, int receive_bytes, int send_bytes) {
  if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_bytes) < 0) {
    (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_bytes);
  }
  if (set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, send_bytes) < 0) {
    (void)set_option(fd, SOL_SOCKET, SO_SNDBUF, send_bytes);
  }
}

int qh_socket_receive_buffer(int fd) { return get_option(fd, SOL_SOCKET, SO_RCVBUF); }

int qh_socket_send_buffer(int fd) { return get_option(fd, SOL_SOCKET, SO_SNDBUF); }

bool qh_socket_enable_receive_offload(int fd) { return set_option(fd, IPPROTO_UDP, UDP_GRO, 1) == 0; }

bool qh_socket_supports_segmentation(int fd) { return get_option(fd, IPPROTO_UDP, UDP_SEGMENT) >= 0; }

int qh_socket_bind(int fd, const union qh_address *address, uint32_t length) {
  return result_or_errno(bind(fd, &address->any, length));
}

int qh_socket_connect(int fd, const union qh_address *address, uint32_t length) {
  return result_or_errno(connect(fd, &address->any, length));
}

int qh_socket_name(int fd, union qh_address *address) {
  socklen_t length = sizeof *address;
  int result = getsockname(fd, &address->any, &length);
  return result < 0 ? -errno : (int)length;
}

int qh_socket_attach_steering(int fd, uint32_t worker_count) {
  // RFC 9000 §17.2, §17.3: the connection ID follows the flags, version and length of a long header, and the flags
  // of a short one. A load past the datagram's end returns 0, the first socket. The first byte of an ID that a worker issued is
  // the worker; of one that a client made up, of 8 bytes at least, the remainder of one byte would favour the first of many workers.
  struct sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x80, 2, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
      BPF_STMT(BPF_JMP | BPF_JA, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, worker_count, 0, 2),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 7),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, worker_count),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  struct sock_fprog program = {.len = sizeof steps / sizeof steps[0], .filter = steps};
  return result_or_errno(setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program));
}

void qh_close(int fd) { (void)close(fd); }

// --- Receiving

struct receive_slot {
  struct iovec payload;
  union qh_address remote;
  alignas(struct cmsghdr) unsigned char control[control_bytes];
};

struct qh_receive_batch {
  uint32_t capacity;
  uint32_t buffer_bytes;
  struct mmsghdr *headers;
  struct receive_slot *slots;
  struct qh_received *messages;
  unsigned char *payloads;
};

size_t qh_receive_batch_bytes(uint32_t capacity, uint32_t buffer_bytes) {
  size_t message_bytes =
      sizeof(struct mmsghdr) + sizeof(struct receive_slot) + sizeof(struct qh_received) + buffer_bytes;
  return sizeof(struct qh_receive_batch) + capacity * message_bytes;
}

struct qh_receive_batch *qh_receive_batch_init(void *memory, uint32_t capacity, uint32_t buffer_bytes) {
  struct qh_receive_batch *batch = memory;
  batch->capacity = capacity;
  batch->buffer_bytes = buffer_bytes;
  batch->headers = (struct mmsghdr *)(batch + 1);
  batch->slots = (struct receive_slot *)(batch->headers + capacity);
  batch->messages = (struct qh_received *)(batch->slots + capacity);
  batch->payloads = (unsigned char *)(batch->messages + capacity);
  for (uint32_t i = 0; i < capacity; i++) {
    struct receive_slot *slot = &batch->slots[i];
    slot->payload = (struct iovec){.iov_base = batch->payloads + (size_t)i * buffer_bytes, .iov_len = buffer_bytes};
    batch->headers[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &slot->remote,
                                                     .msg_iov = &slot->payload,
                                                     .msg_iovlen = 1,
                                                     .msg_control = slot->control}};
  }
  return batch;
}

static void read_ipv4_control(struct cmsghdr *control, struct qh_received *message) {
  if (control->cmsg_type == IP_TOS) {
    message->traffic_class = *CMSG_DATA(control);
  } else if (control->cmsg_type == IP_PKTINFO) {
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(control), sizeof info);
    message->local.ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = info.ipi_addr};
    message->local_length = sizeof message->local.ipv4;
  }
}

static void read_ipv6_control(struct cmsghdr *control, struct qh_received *message) {
  if (control->cmsg_type == IPV6_TCLASS) {
    int traffic_class;
    memcpy(&traffic_class, CMSG_DATA(control), sizeof traffic_class);
    message->traffic_class = (uint8_t)traffic_class;
  } else if (control->cmsg_type == IPV6_PKTINFO) {
    struct in6_pktinfo info;
    memcpy(&info, CMSG_DATA(control), sizeof info);
    bool needs_scope = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr);
    message->local.ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                                .sin6_addr = info.ipi6_addr,
                                                .sin6_scope_id = needs_scope ? info.ipi6_ifindex : 0};
    message->local_length = sizeof message->local.ipv6;
  }
}

static void read_control(struct cmsghdr *control, struct qh_received *message) {
  if (control->cmsg_level == IPPROTO_IP) {
    read_ipv4_control(control, message);
  } else if (control->cmsg_level == IPPROTO_IPV6) {
    read_ipv6_control(control, message);
  } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
    int segment_bytes;
    memcpy(&segment_bytes, CMSG_DATA(control), sizeof segment_bytes);
    message->segment_bytes = segment_bytes > 0 ? (uint32_t)segment_bytes : 0;
  } else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
    memcpy(&message->overflow_count, CMSG_DATA(control), sizeof message->overflow_count);
  }
}

static void read_message(struct mmsghdr *header, struct qh_received *message) {
  message->count = header->msg_len;
  message->segment_bytes = 0;
  message->overflow_count = 0;
  message->remote_length = header->msg_hdr.msg_namelen;
  message->local_length = 0;
  memcpy(&message->remote, header->msg_hdr.msg_name, sizeof message->remote);
  message->traffic_class = 0;
  message->is_truncated = (header->msg_hdr.msg_flags & MSG_TRUNC) != 0;
  for (struct cmsghdr *control = CMSG_FIRSTHDR(&header->msg_hdr); control != NULL;
       control = CMSG_NXTHDR(&header->msg_hdr, control)) {
    read_control(control, message);
  }
}

int qh_receive(int fd, struct qh_receive_batch *batch) {
  for (uint32_t i = 0; i < batch->capacity; i++) {
    batch->headers[i].msg_hdr.msg_namelen = sizeof(union qh_address);
    batch->headers[i].msg_hdr.msg_controllen = control_bytes;
  }
  int count;
  do {
    // MSG_TRUNC asks for the true length of a datagram that does not fit.
    count = recvmmsg(fd, batch->headers, batch->capacity, MSG_DONTWAIT | MSG_TRUNC, NULL);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return -errno;
  for (int i = 0; i < count; i++) read_message(&batch->headers[i], &batch->messages[i]);
  return count;
}

const struct qh_received *qh_receive_batch_messages(const struct qh_receive_batch *batch) { return batch->messages; }

const void *qh_receive_batch_payloads(const struct qh_receive_batch *batch) { return batch->payloads; }

// --- Sending

struct send_slot {
  struct iovec payload;
  union qh_address remote;
  alignas(struct cmsghdr) unsigned char control[control_bytes];
};

struct qh_send_batch {
  struct mmsghdr *headers;
  struct send_slot *slots;
};

size_t qh_send_batch_bytes(uint32_t capacity) {
  return sizeof(struct qh_send_batch) + capacity * (sizeof(struct mmsghdr) + sizeof(struct send_slot));
}

struct qh_send_batch *qh_send_batch_init(void *memory, uint32_t capacity) {
  // The padding of control messages reaches the kernel too.
  struct qh_send_batch *batch = memset(memory, 0, qh_send_batch_bytes(capacity));
  batch->headers = (struct mmsghdr *)(batch + 1);
  batch->slots = (struct send_slot *)(batch->headers + capacity);
  for (uint32_t i = 0; i < capacity; i++) {
    struct send_slot *slot = &batch->slots[i];
    batch->headers[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &slot->remote,
                                                     .msg_iov = &slot->payload,
                                                     .msg_iovlen = 1,
                                                     .msg_control = slot->control}};
  }
  return batch;
}

// Appends one control message behind those the header has already.
static void put_control(struct msghdr *header, int level, int type, const void *value, size_t value_bytes) {
  struct cmsghdr *control = (struct cmsghdr *)((unsigned char *)header->msg_control + header->msg_controllen);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(value_bytes);
  memcpy(CMSG_DATA(control), value, value_bytes);
  header->msg_controllen += CMSG_SPACE(value_bytes);
}

static void put_source(struct msghdr *header, const union qh_address *source) {
  if (source->any.sa_family == AF_INET6) {
    struct in6_pktinfo info = {.ipi6_addr = source->ipv6.sin6_addr, .ipi6_ifindex = source->ipv6.sin6_scope_id};
    put_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  } else {
    struct in_pktinfo info = {.ipi_spec_dst = source->ipv4.sin_addr};
    put_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  }
}

static void put_traffic_class(struct msghdr *header, bool is_ipv6, int traffic_class) {
  if (is_ipv6) {
    put_control(header, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
  } else {
    put_control(header, IPPROTO_IP, IP_TOS, &traffic_class, sizeof traffic_class);
  }
}

void qh_send_batch_put(struct qh_send_batch *batch, uint32_t index, void *bytes, const struct qh_outgoing *message) {
  struct send_slot *slot = &batch->slots[index];
  struct msghdr *header = &batch->headers[index].msg_hdr;
  slot->payload = (struct iovec){.iov_base = bytes, .iov_len = message->count};
  slot->remote = message->remote;
  header->msg_namelen = message->remote_length;
  header->msg_control = slot->control;
  header->msg_controllen = 0;
  if (message->traffic_class != 0) {
    put_traffic_class(header, message->remote.any.sa_family == AF_INET6, message->traffic_class);
  }
  if (message->has_source) put_source(header, &message->source);
  if (message->segment_bytes != 0) {
    put_control(header, IPPROTO_UDP, UDP_SEGMENT, &message->segment_bytes, sizeof message->segment_bytes);
  }
}

int qh_send(int fd, struct qh_send_batch *batch, uint32_t count) {
  int sent;
  do {
    sent = sendmmsg(fd, batch->headers, count, MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return result_or_errno(sent);
}

// --- Events

int qh_epoll_create(void) { return result_or_errno(epoll_create1(EPOLL_CLOEXEC)); }

int qh_epoll_watch(int epoll, int fd, uint64_t tag, bool wants_write, bool is_watched) {
  struct epoll_event event = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0u), .data.u64 = tag};
  return result_or_errno(epoll_ctl(epoll, is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event));
}

static int64_t milliseconds_rounded_up(int64_t nanoseconds) { return nanoseconds / 1000000 + (nanoseconds % 1000000 > 0); }

static int wait_milliseconds(int epoll, struct epoll_event *events, int64_t timeout_nanoseconds) {
  int64_t timeout = timeout_nanoseconds < 0 ? -1 : milliseconds_rounded_up(timeout_nanoseconds);
  return result_or_errno(epoll_wait(epoll, events, QH_READY_LIMIT, timeout > INT32_MAX ? INT32_MAX : (int)timeout));
}

static int wait_for_events(int epoll, struct epoll_event *events, int64_t timeout_nanoseconds) {
#if __GLIBC_PREREQ(2, 35)
  struct timespec timeout = {.tv_sec = timeout_nanoseconds / 1000000000, .tv_nsec = timeout_nanoseconds % 1000000000};
  int count = epoll_pwait2(epoll, events, QH_READY_LIMIT, timeout_nanoseconds < 0 ? NULL : &timeout, NULL);
  // Kernels before 5.11 lack the call, and old container sandboxes answer EPERM for it.
  if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return result_or_errno(count);
#endif
  return wait_milliseconds(epoll, events, timeout_nanoseconds);
}

int qh_epoll_wait(int epoll, struct qh_ready *ready, int64_t timeout_nanoseconds) {
  struct epoll_event events[QH_READY_LIMIT];
  int count = wait_for_events(epoll, events, timeout_nanoseconds);
  for (int i = 0; i < count; i++) {
    ready[i].tag = events[i].data.u64;
    // An error is collected by receiving.
    ready[i].is_readable = (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
    ready[i].is_writable = (events[i].events & EPOLLOUT) != 0;
  }
  return count;
}

int qh_eventfd_create(void) { return result_or_errno(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

void qh_eventfd_signal(int fd) {
  // A full counter means that a wake-up is pending already.
  (void)eventfd_write(fd, 1);
}

void qh_eventfd_drain(int fd) {
  eventfd_t count;
  (void)eventfd_read(fd, &count);
}
