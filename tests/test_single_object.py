"""Single-object encoding."""

from typing import Any

import pytest

from avro_ocf import parse_schema
from avro_ocf.errors import FormatError, TruncatedError
from avro_ocf.schema.fingerprint import fingerprint
from avro_ocf.single_object import HEAD_LENGTH, decode_single_object, encode_single_object

FINGERPRINT = bytes(range(8))
MESSAGE = b"\xc3\x01" + FINGERPRINT + b"datum"


def test_a_message_is_marker_fingerprint_and_datum() -> None:
    assert encode_single_object(FINGERPRINT, b"datum") == MESSAGE
    assert decode_single_object(FINGERPRINT, MESSAGE) == (MESSAGE, HEAD_LENGTH)
    assert decode_single_object(FINGERPRINT, memoryview(MESSAGE)) == (MESSAGE, HEAD_LENGTH)


@pytest.mark.parametrize(
    ("message", "offset", "reason"),
    [
        (b"Obj\x01" + bytes(20), 0, "starts with 4f 62, not c3 01"),
        (b"\xc3\x02" + bytes(20), 0, "starts with c3 02"),
        (b"\x01", 0, "starts with 01"),
        (b"\xc3\x01" + bytes(8), 2, "fingerprint 0000000000000000, not 0001020304050607"),
    ],
)
def test_other_messages_are_refused(message: bytes, offset: int, reason: str) -> None:
    with pytest.raises(FormatError, match=reason) as caught:
        decode_single_object(FINGERPRINT, message)
    assert caught.value.offset == offset
    assert not isinstance(caught.value, TruncatedError)


@pytest.mark.parametrize("data", [3, -1, [2, 3], "\2"])
def test_what_is_no_bytes_is_a_type_error(data: Any) -> None:
    schema = parse_schema("bytes")
    with pytest.raises(TypeError):
        schema.decode(data)
    with pytest.raises(TypeError):
        schema.decode_single_object(data)


@pytest.mark.parametrize("length", range(HEAD_LENGTH))
def test_truncated_heads_are_told(length: int) -> None:
    with pytest.raises(TruncatedError):
        decode_single_object(FINGERPRINT, MESSAGE[:length])


def test_the_fingerprint_is_that_of_javas_messages() -> None:
    """The specification's algorithm gives 63dd24e7cc258f8a for "null" in big-endian order; a message has it little-endian."""
    own = fingerprint('"null"', "CRC-64-AVRO")
    assert encode_single_object(own, b"").hex() == "c301" + bytes.fromhex("63dd24e7cc258f8a")[::-1].hex()
