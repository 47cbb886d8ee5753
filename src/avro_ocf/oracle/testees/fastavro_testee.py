"""fastavro as a testee of `avro-ocf oracle`."""

import io
import json
from typing import Any

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form
from wire_values import from_wire, serve, to_wire

HELLO = {
    "name": f"fastavro {fastavro.__version__}",
    "operations": ["parse", "encode", "decode", "resolve", "read-file", "write-file", "fingerprint"],
    "logical_types": [
        "date", "time-millis", "time-micros", "timestamp-millis", "timestamp-micros", "local-timestamp-millis",
        "local-timestamp-micros", "decimal", "uuid",
    ],
}  # fmt: skip
FINGERPRINTS = {"CRC-64-AVRO": "CRC-64-AVRO", "MD5": "md5", "SHA-256": "sha256"}


def value_of(form: Any) -> Any:
    """Return a value; fastavro takes (branch name, value) for one in a union."""
    return from_wire(form, lambda branch, value: (branch, value))


def answer(operation: str, schema: str = "", reader_schema: str = "", data: str = "", value: Any = None, codec: str = "") -> Any:
    """Return the answer to a request."""
    out, file = io.BytesIO(), io.BytesIO(bytes.fromhex(data))
    if operation == "read-file":
        return [to_wire(record) for record in fastavro.reader(file)]
    parsed = fastavro.parse_schema(json.loads(schema))
    match operation:
        case "encode":
            fastavro.schemaless_writer(out, parsed, value_of(value))
        case "write-file":
            fastavro.writer(out, parsed, value_of(value), codec=codec)
        case "decode":
            return to_wire(fastavro.schemaless_reader(file, parsed, None))
        case "resolve":
            return to_wire(fastavro.schemaless_reader(file, parsed, fastavro.parse_schema(json.loads(reader_schema))))
        case "fingerprint":
            form = to_parsing_canonical_form(json.loads(schema))
            return {"canonical-form": form} | {name: fingerprint(form, theirs) for name, theirs in FINGERPRINTS.items()}
    return out.getvalue().hex()


serve(HELLO, answer)
