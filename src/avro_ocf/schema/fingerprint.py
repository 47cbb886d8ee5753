"""Fingerprints of a canonical form (specification, "Schema Fingerprints")."""

from typing import Final

EMPTY: Final = 0xC15D213AA4D7A795
"""The CRC-64-AVRO fingerprint of no bytes, and the polynomial of its table."""


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (EMPTY if value & 1 else 0)
    return value


_TABLE: Final = tuple(_table_entry(byte) for byte in range(256))


def fingerprint(canonical_form: str, algorithm: str) -> bytes:
    """Return the fingerprint of a canonical form.

    `algorithm` is "CRC-64-AVRO", 8 bytes, little-endian as the single-object encoding has them; "MD5", 16 bytes; or "SHA-256", 32
    bytes. Raises `ValueError` for any other.
    """
    data = canonical_form.encode()
    if algorithm == "CRC-64-AVRO":
        return _crc_64(data).to_bytes(8, "little")
    if algorithm not in {"MD5", "SHA-256"}:
        raise ValueError(f"{algorithm!r} is not CRC-64-AVRO, MD5 or SHA-256")
    import hashlib

    digest = hashlib.md5(data, usedforsecurity=False) if algorithm == "MD5" else hashlib.sha256(data)
    return digest.digest()


def _crc_64(data: bytes) -> int:
    crc = EMPTY
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc
