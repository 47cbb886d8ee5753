"""What a hostile schema or file may cost at most."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds on the time and memory that a schema, a file or a datum may take.

    Each bound is inclusive: a thing of exactly that size is accepted, one more is refused.
    """

    block_bytes: int = 64 * 1024 * 1024
    """Bytes of one block, compressed and uncompressed each; `LimitError` past it, `DatumError` when writing."""

    header_bytes: int = 16 * 1024 * 1024
    """Bytes of a file's header, its schema included; `LimitError` past it."""

    schema_depth: int = 100
    """Records, arrays, maps and unions inside one another in a schema's text; `SchemaError` past it.

    Past about 200 so does the caller's stack, whatever the limit is: the error says then that it was Python's.
    """

    schema_nodes: int = 50_000
    """Types, fields and symbols in one schema; `SchemaError` past it."""

    datum_depth: int = 100
    """Records, arrays and maps inside one another in one datum; `LimitError` when reading, `DatumError` when writing."""

    zero_byte_items: int = 1_000_000
    """Values that take no byte, such as an array's nulls, in a block or datum; `LimitError` or, writing, `DatumError`."""


DEFAULT_LIMITS = Limits()
