"""avro_ocf and the libraries it is compared with, each through its own public functions and with its own defaults."""

import io
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Codec(NamedTuple):
    """What one library does with one schema."""

    encode_file: Callable[[Sequence[Any], str], bytes]
    decode_file: Callable[[bytes], list[Any]]
    encode_datums: Callable[[Sequence[Any]], list[bytes]]
    decode_datums: Callable[[Sequence[bytes]], list[Any]]


def ours(schema: Any) -> Codec:
    from avro_ocf import Reader, Writer, parse_schema

    parsed = parse_schema(schema)

    def encode_file(records: Sequence[Any], codec: str) -> bytes:
        out = io.BytesIO()
        with Writer(out, parsed, codec) as writer:
            writer.write_many(records)
        return out.getvalue()

    return Codec(
        encode_file,
        lambda data: list(Reader(io.BytesIO(data))),
        lambda records: [parsed.encode(record) for record in records],
        lambda datums: [parsed.decode(datum) for datum in datums],
    )


def fastavro(schema: Any) -> Codec:
    import fastavro

    parsed: Any = fastavro.parse_schema(json.loads(json.dumps(schema)))

    def encode_file(records: Sequence[Any], codec: str) -> bytes:
        out = io.BytesIO()
        fastavro.writer(out, parsed, records, codec=codec)
        return out.getvalue()

    def encode(record: Any) -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, parsed, record)
        return out.getvalue()

    return Codec(
        encode_file,
        lambda data: list(fastavro.reader(io.BytesIO(data))),
        lambda records: [encode(record) for record in records],
        lambda datums: [fastavro.schemaless_reader(io.BytesIO(datum), parsed, None) for datum in datums],
    )


def cavro(schema: Any) -> Codec:
    import cavro

    options = cavro.Options(record_decodes_to_dict=True)
    parsed = cavro.Schema(json.dumps(schema), options=options)

    def encode_file(records: Sequence[Any], codec: str) -> bytes:
        out = io.BytesIO()
        writer = cavro.ContainerWriter(out, parsed, codec=codec, options=options)
        writer.write_many(records)
        writer.flush()
        return out.getvalue()

    return Codec(
        encode_file,
        lambda data: list(cavro.ContainerReader(io.BytesIO(data), options=options)),
        lambda records: [parsed.binary_encode(record) for record in records],
        lambda datums: [parsed.binary_decode(datum) for datum in datums],
    )


def avro(schema: Any) -> Codec:
    import avro.datafile
    import avro.io
    import avro.schema

    parsed = avro.schema.parse(json.dumps(schema))
    writer, reader = avro.io.DatumWriter(parsed), avro.io.DatumReader(parsed)

    def encode_file(records: Sequence[Any], codec: str) -> bytes:
        out = io.BytesIO()
        file = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), parsed, codec=codec)
        for record in records:
            file.append(record)
        file.flush()
        return out.getvalue()

    def encode(record: Any) -> bytes:
        out = io.BytesIO()
        writer.write(record, avro.io.BinaryEncoder(out))
        return out.getvalue()

    return Codec(
        encode_file,
        lambda data: list(avro.datafile.DataFileReader(io.BytesIO(data), avro.io.DatumReader())),
        lambda records: [encode(record) for record in records],
        lambda datums: [reader.read(avro.io.BinaryDecoder(io.BytesIO(datum))) for datum in datums],
    )


LIBRARIES: dict[str, Callable[[Any], Codec]] = {"avro_ocf": ours, "fastavro": fastavro, "cavro": cavro, "avro": avro}
"""By name. fastavro and cavro are compiled, avro_ocf and avro are pure Python."""
