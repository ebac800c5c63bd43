// The signatures of OpenSSL's libcrypto, as one Clang module; only with the package trait OpenSSL.
#ifndef QUICHARNESS_COPENSSL_H
#define QUICHARNESS_COPENSSL_H

#if !__has_include(<openssl/evp.h>)
#error "The trait OpenSSL needs libcrypto's headers: apt-get install libssl-dev, or leave the trait out"
#endif

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#endif
