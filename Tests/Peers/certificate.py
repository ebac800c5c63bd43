"""A self-signed certificate and its key, as PEM files: `certificate.py [--expired] ecdsa|rsa KEY_FILE CERTIFICATE_FILE`.

The certificate is its own authority.
"""

import argparse
import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LIFETIME = datetime.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def make_key(kind: str) -> Key:
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def make_certificate(key: Key, is_expired: bool) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFETIME)
        .not_valid_after(now - LIFETIME / 2 if is_expired else now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expired", action="store_true", help="valid until twelve hours ago")
    parser.add_argument("kind", choices=["ecdsa", "rsa"])
    parser.add_argument("key_file", type=Path)
    parser.add_argument("certificate_file", type=Path)
    arguments = parser.parse_args()
    key = make_key(arguments.kind)
    arguments.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    arguments.certificate_file.write_bytes(make_certificate(key, arguments.expired).public_bytes(Encoding.PEM))


if __name__ == "__main__":
    main()
