"""avro_ocf's own functions in the forms that the checks take."""

import io
from typing import Any

from avro_ocf import Reader, Writer, parse_schema
from avro_ocf.oracle import Operation


def parse(schema: Any) -> Any:
    return parse_schema(schema, strict=False)


def encode(schema: Any, value: Any) -> bytes:
    return parse(schema).encode(value)  # type: ignore[no-any-return]


def decode(schema: Any, data: bytes) -> Any:
    return parse(schema).decode(data)


def resolve(writer_schema: Any, reader_schema: Any, data: bytes) -> Any:
    return parse(writer_schema).decode(data, parse(reader_schema))


def read(data: bytes) -> Reader:
    return Reader(io.BytesIO(data))


def write(schema: Any, records: list[Any], codec: str) -> bytes:
    out = io.BytesIO()
    with Writer(out, parse(schema), codec=codec) as writer:
        writer.write_many(records)
    return out.getvalue()


def fingerprint(schema: Any) -> dict[str, object]:
    parsed = parse(schema)
    return {"canonical-form": parsed.canonical_form, "CRC-64-AVRO": parsed.fingerprint()}


FUNCTIONS: dict[Operation, Any] = {
    "parse": parse,
    "encode": encode,
    "decode": decode,
    "resolve": resolve,
    "read-file": read,
    "write-file": write,
    "fingerprint": fingerprint,
}
