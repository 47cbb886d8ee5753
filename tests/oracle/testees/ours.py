"""This package as a testee, with a defect if one is named: `ours.py [DEFECT]`."""

import io
import os
import sys
import time
from typing import Any

from avro_ocf import Reader, Writer, parse_schema
from avro_ocf.oracle.runner.protocol import OPERATIONS
from avro_ocf.oracle.runner.wire import LOGICAL_TYPES, from_wire, to_wire
from avro_ocf.oracle.testees import wire_values

DEFECT = sys.argv[1] if len(sys.argv) > 1 else ""
# What `parse` asks for is between the two ways that `parse_schema` has.
HELLO = {"name": "ours", "operations": [name for name in OPERATIONS if name != "parse"], "logical_types": sorted(LOGICAL_TYPES)}


def answer(operation: str, schema: str = "", reader_schema: str = "", data: str = "", value: Any = None, codec: str = "") -> Any:
    if DEFECT == "dies":
        os._exit(7)
    if operation == "read-file":
        with Reader(io.BytesIO(bytes.fromhex(data))) as reader:
            return [to_wire(reader.header.schema.node, record) for record in reader]
    parsed = parse_schema(schema, strict=False)
    match operation:
        case "encode":
            return parsed.encode(from_wire(parsed.node, value)).hex()
        case "write-file":
            out = io.BytesIO()
            with Writer(out, parsed, codec=codec) as writer:
                writer.write_many(from_wire(parsed.node, item) for item in value)
            return out.getvalue().hex()
        case "decode":
            return decoded(schema, to_wire(parsed.node, parsed.decode(bytes.fromhex(data))))
        case "resolve":
            to = parse_schema(reader_schema, strict=False)
            return to_wire(to.node, parsed.decode(bytes.fromhex(data), to))
        case "fingerprint":
            prints = {name: parsed.fingerprint(name).hex() for name in ("CRC-64-AVRO", "MD5", "SHA-256")}
            return {"canonical-form": parsed.canonical_form} | prints
    return None


def decoded(schema: str, form: Any) -> Any:
    if DEFECT == "no dates" and '"date"' in schema:
        raise wire_values.Unsupported("dates")
    if DEFECT == "no maps" and '"map"' in schema:
        raise ValueError("I know no map")
    if DEFECT == "dies of fixed" and '"fixed"' in schema:
        sys.stderr.write("fixed: oh no\n")
        sys.stderr.flush()
        os._exit(7)
    if DEFECT == "sleeps at fixed" and '"fixed"' in schema:
        time.sleep(10_000)
    if DEFECT == "true for false" and form is False:
        return True
    return form


if __name__ == "__main__":
    wire_values.serve(HELLO, answer)
