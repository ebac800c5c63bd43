// ngtcp2, its GnuTLS crypto helper, and GnuTLS, as one Clang module. Each check names the Debian package to install.
#ifndef QUICHARNESS_CNGTCP2_H
#define QUICHARNESS_CNGTCP2_H

#if !__has_include(<ngtcp2/ngtcp2.h>)
#error "QUICHarness needs ngtcp2 1.11 or newer: apt-get install libngtcp2-dev (Debian 12: from bookworm-backports; scripts/setup does it)"
#endif
#if !__has_include(<ngtcp2/ngtcp2_crypto_gnutls.h>)
#error "QUICHarness needs ngtcp2's GnuTLS helper: apt-get install libngtcp2-crypto-gnutls-dev (scripts/setup does it)"
#endif
#if !__has_include(<gnutls/gnutls.h>)
#error "QUICHarness needs GnuTLS: apt-get install libgnutls28-dev (scripts/setup does it)"
#endif

#include <ngtcp2/ngtcp2.h>
#if NGTCP2_VERSION_NUM < 0x010b00
#error "QUICHarness needs ngtcp2 1.11 or newer, and the installed libngtcp2-dev is older: on Debian 12 install it from bookworm-backports (scripts/setup does it)"
#endif

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

/// Lengths whose macros Swift does not import.
enum {
  qh_regular_token_bytes = NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN,
  qh_retry_token_bytes = NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2,
};

/// The flags Swift imports ambiguously. The ticket is sent by us, once, when the handshake is complete.
static inline unsigned int qh_gnutls_server_flags(void) {
  return GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET;
}

static inline unsigned int qh_gnutls_client_flags(void) { return GNUTLS_CLIENT; }

/// The flags that either side adds for early data. RFC 9001 §8.3: QUIC has no EndOfEarlyData message.
static inline unsigned int qh_gnutls_early_data_flags(void) {
  return GNUTLS_ENABLE_EARLY_DATA | GNUTLS_NO_END_OF_EARLY_DATA;
}

/// Lets GnuTLS use other allocation functions; before its first use, and by one thread.
static inline void qh_gnutls_set_allocator(gnutls_alloc_function allocate, gnutls_calloc_function allocate_zeroed,
                                           gnutls_realloc_function reallocate, gnutls_free_function release) {
  gnutls_malloc = allocate;
  gnutls_calloc = allocate_zeroed;
  gnutls_realloc = reallocate;
  (gnutls_free) = release;
}

/// The questions that GnuTLS asks about a key of others, whose macros Swift does not import.
static inline int qh_gnutls_key_bits_question(void) { return GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS; }

static inline int qh_gnutls_signature_question(void) { return GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO; }

static inline gnutls_sign_algorithm_t qh_gnutls_signature_asked(unsigned int flags) {
  return (gnutls_sign_algorithm_t)GNUTLS_FLAGS_TO_SIGN_ALGO(flags);
}

/// `gnutls_free` is a variable that holds a function, which Swift 6 will not read.
static inline void qh_gnutls_free(void *block) { gnutls_free(block); }

#endif
