"""Single-object encoding: one datum behind a marker and its schema's fingerprint (specification, "Single-object encoding")."""

from typing import Final

from avro_ocf.errors import FormatError, TruncatedError

MARKER: Final = b"\xc3\x01"
HEAD_LENGTH: Final = 10
"""Bytes before the datum: the marker, and the CRC-64-AVRO fingerprint of the canonical form, little-endian."""


def encode_single_object(fingerprint: bytes, encoded: bytes) -> bytes:
    """Return the message of a datum that is `encoded` already; `fingerprint` is its schema's, in 8 bytes little-endian."""
    return MARKER + fingerprint + encoded


def decode_single_object(fingerprint: bytes, message: bytes | bytearray | memoryview) -> tuple[bytes, int]:
    """Return `message` as bytes, and the position in it where its encoded datum starts.

    Raises `FormatError` when the marker or the fingerprint is another, and `TruncatedError` when the message ends inside them.
    """
    message = bytes(memoryview(message))  # an int or a list is no message, though `bytes` would take it
    if not MARKER.startswith(message[:2]):
        raise FormatError(f"not a single-object message: it starts with {message[:2].hex(' ')}, not {MARKER.hex(' ')}", offset=0)
    if len(message) < HEAD_LENGTH:
        raise TruncatedError(f"a single-object message has at least {HEAD_LENGTH} bytes, this one has {len(message)}", offset=0)
    written = message[2:HEAD_LENGTH]
    if written != fingerprint:
        raise FormatError(f"written with the schema of fingerprint {written.hex()}, not {fingerprint.hex()}", offset=2)
    return message, HEAD_LENGTH
