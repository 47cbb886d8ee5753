"""cavro as a testee of `avro-ocf oracle`."""

import io
from importlib.metadata import version
from typing import Any

import cavro
from wire_values import from_wire, serve, to_wire

HELLO = {
    "name": f"cavro {version('cavro')}",
    "operations": ["parse", "encode", "decode", "resolve", "read-file", "write-file", "fingerprint"],
    "logical_types": ["date", "time-millis", "time-micros", "timestamp-millis", "timestamp-micros", "decimal", "uuid"],
}
OPTIONS = cavro.Options(record_decodes_to_dict=True, allow_error_type=True, allow_union_default_any_member=True)
ALGORITHMS = {"CRC-64-AVRO": "rabin", "MD5": "md5", "SHA-256": "sha256"}


def answer(operation: str, schema: str = "", reader_schema: str = "", data: str = "", value: Any = None, codec: str = "") -> Any:
    """Return the answer to a request. cavro chooses the branch of a union itself."""
    if operation == "read-file":
        file = io.BytesIO(bytes.fromhex(data))
        return [to_wire(record) for record in cavro.ContainerReader(file, options=OPTIONS)]
    parsed = cavro.Schema(schema, options=OPTIONS)
    match operation:
        case "encode":
            return bytes(parsed.binary_encode(from_wire(value))).hex()
        case "write-file":
            out = io.BytesIO()
            writer = cavro.ContainerWriter(out, parsed, codec=codec, options=OPTIONS)
            writer.write_many(from_wire(value))
            writer.close()
            return out.getvalue().hex()
        case "decode":
            return to_wire(parsed.binary_decode(bytes.fromhex(data)))
        case "resolve":
            reader = cavro.Schema(reader_schema, options=OPTIONS).reader_for_writer(parsed)
            return to_wire(reader.binary_decode(bytes.fromhex(data)))
        case "fingerprint":
            prints = {name: parsed.fingerprint(theirs).digest().hex() for name, theirs in ALGORITHMS.items()}
            return {"canonical-form": str(parsed.canonical_form)} | prints


serve(HELLO, answer)
