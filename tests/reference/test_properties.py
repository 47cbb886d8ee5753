"""What is written reads back, and no bytes make the reference raise anything but `FormatError`."""

from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.errors import FormatError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.reference import decode, encode, skip
from avro_ocf.resolution.identity import identity
from tests.damage import damaged
from tests.reference.schemas import node


@given(st.data())
def test_what_is_written_reads_back(data: st.DataObject) -> None:
    parsed = node(data.draw(schemas()))
    datum = data.draw(from_schema(parsed))
    encoded = encode(parsed, datum, DEFAULT_LIMITS)
    value, end = decode(identity(parsed), encoded, 0, DEFAULT_LIMITS)
    assert end == skip(parsed, encoded, 0, DEFAULT_LIMITS) == len(encoded)
    assert same(value, datum)


@given(st.data())
def test_damaged_bytes_are_a_format_error_or_a_value(data: st.DataObject) -> None:
    parsed = node(data.draw(schemas()))
    encoded = data.draw(damaged(encode(parsed, data.draw(from_schema(parsed)), DEFAULT_LIMITS)))
    fault = None
    try:
        _, end = decode(identity(parsed), encoded, 0, DEFAULT_LIMITS)
    except FormatError as error:
        fault = error
    if fault is None:
        assert skip(parsed, encoded, 0, DEFAULT_LIMITS) == end
    else:
        assert fault.offset is not None
        assert 0 <= fault.offset <= len(encoded)
