"""Apache's avro for Python as a testee of `avro-ocf oracle`."""

import io
import warnings
from typing import Any

import avro.datafile
import avro.io
import avro.schema
from wire_values import from_wire, serve, to_wire

HELLO = {
    "name": f"avro {avro.__version__}",
    "operations": ["parse", "encode", "decode", "resolve", "read-file", "write-file", "fingerprint"],
    "logical_types": ["date", "time-millis", "time-micros", "timestamp-millis", "timestamp-micros", "decimal"],
}
FINGERPRINTS = {"CRC-64-AVRO": "CRC-64-AVRO", "MD5": "md5", "SHA-256": "sha256"}

warnings.simplefilter("ignore")  # of logical types that avro does not know


def answer(operation: str, schema: str = "", reader_schema: str = "", data: str = "", value: Any = None, codec: str = "") -> Any:
    """Return the answer to a request. avro chooses the branch of a union itself."""
    out, file = io.BytesIO(), io.BytesIO(bytes.fromhex(data))
    if operation == "read-file":
        return [to_wire(record) for record in avro.datafile.DataFileReader(file, avro.io.DatumReader())]
    parsed = avro.schema.parse(schema)
    match operation:
        case "encode":
            avro.io.DatumWriter(parsed).write(from_wire(value), avro.io.BinaryEncoder(out))
        case "write-file":
            writer = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), parsed, codec=codec)
            for record in from_wire(value):
                writer.append(record)
            writer.flush()
        case "decode" | "resolve":
            reader = avro.io.DatumReader(parsed, avro.schema.parse(reader_schema) if reader_schema else None)
            return to_wire(reader.read(avro.io.BinaryDecoder(file)))
        case "fingerprint":
            prints = {name: parsed.fingerprint(theirs).hex() for name, theirs in FINGERPRINTS.items()}
            return {"canonical-form": parsed.canonical_form} | prints
    return out.getvalue().hex()


serve(HELLO, answer)
