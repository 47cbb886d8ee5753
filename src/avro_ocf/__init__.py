"""Avro Object Container Files in pure Python, with the byte offset of every block.

    schema = parse_schema({"type": "record", "name": "Hit", "fields": [{"name": "hp", "type": "int"}]})
    with Writer("hits.avro", schema) as writer:
        block = writer.write_block([{"hp": 30}, {"hp": 12}])
    with Reader("hits.avro") as reader:
        assert reader.read_block(block) == [{"hp": 30}, {"hp": 12}]

`parse_schema` gives a `Schema`, which encodes and decodes single datums; `Writer` and `Reader` are files; `encode_header`,
`encode_block`, `decode_header`, `decode_blocks` and `StreamParser` are the same without any input or output; `scan_blocks` indexes
any file; `concat`, `recode` and `salvage` make new files of old ones. Every error is an `AvroError`.
"""

from typing import TYPE_CHECKING

from avro_ocf.api import Schema, check_compatibility, infer_schema, parse_schema, schema_warnings
from avro_ocf.container.block import Block, StoredBlock, decode_block, encode_block
from avro_ocf.container.header import Header, decode_header
from avro_ocf.container.parser import END, NEED_DATA, StreamParser, decode_blocks
from avro_ocf.errors import (
    AvroError,
    ConflictError,
    DamagedError,
    DatumError,
    FormatError,
    LimitError,
    NeedMoreData,
    NotFoundError,
    OutcomeUnknownError,
    ResolutionError,
    SchemaError,
    StoreError,
    TruncatedError,
    UnavailableError,
    UnsupportedCodecError,
    VersionError,
)
from avro_ocf.limits import Limits

if TYPE_CHECKING:
    from avro_ocf.container.salvage import LostRange, SalvageReport
    from avro_ocf.files.reader import Reader, scan_blocks
    from avro_ocf.files.splice import concat, recode, salvage
    from avro_ocf.files.writer import Writer, encode_header
    from avro_ocf.logical import Duration
    from avro_ocf.resolution.compatibility import Incompatibility

__all__ = [
    "AvroError",
    "Block",
    "ConflictError",
    "DamagedError",
    "DatumError",
    "Duration",
    "END",
    "FormatError",
    "Header",
    "Incompatibility",
    "LimitError",
    "Limits",
    "LostRange",
    "NEED_DATA",
    "NeedMoreData",
    "NotFoundError",
    "OutcomeUnknownError",
    "Reader",
    "ResolutionError",
    "SalvageReport",
    "Schema",
    "SchemaError",
    "StoreError",
    "StoredBlock",
    "StreamParser",
    "TruncatedError",
    "UnavailableError",
    "UnsupportedCodecError",
    "VersionError",
    "Writer",
    "check_compatibility",
    "concat",
    "decode_block",
    "decode_blocks",
    "decode_header",
    "encode_block",
    "encode_header",
    "infer_schema",
    "parse_schema",
    "recode",
    "salvage",
    "scan_blocks",
    "schema_warnings",
]

_LOADED_WHEN_USED = {
    "Duration": "avro_ocf.logical",
    "Incompatibility": "avro_ocf.resolution.compatibility",
    "LostRange": "avro_ocf.container.salvage",
    "Reader": "avro_ocf.files.reader",
    "SalvageReport": "avro_ocf.container.salvage",
    "Writer": "avro_ocf.files.writer",
    "concat": "avro_ocf.files.splice",
    "encode_header": "avro_ocf.files.writer",
    "recode": "avro_ocf.files.splice",
    "salvage": "avro_ocf.files.splice",
    "scan_blocks": "avro_ocf.files.reader",
}


def __getattr__(name: str) -> object:
    """Load a name that not every program uses, so that `import avro_ocf` stays quick."""
    if name not in _LOADED_WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_LOADED_WHEN_USED[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
