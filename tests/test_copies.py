"""What is pickled or copied is equal to what it was, with all of its attributes, and of the same identity where that counts."""

import copy
import io
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import avro_ocf
from avro_ocf import (
    END,
    NEED_DATA,
    AvroError,
    Block,
    DatumError,
    Duration,
    FormatError,
    Header,
    Incompatibility,
    Limits,
    LostRange,
    NeedMoreData,
    Reader,
    SalvageReport,
    SchemaError,
    StoreError,
    Writer,
    decode_blocks,
    parse_schema,
)
from tests.container.build import MARKER, SHIP, ship

Copy = Callable[[Any], Any]

COPIES: list[Copy] = [
    copy.copy,
    copy.deepcopy,
    lambda thing: pickle.loads(pickle.dumps(thing)),
    lambda thing: pickle.loads(pickle.dumps(thing, 0)),
    lambda thing: pickle.loads(pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)),
]


def make() -> tuple[bytes, list[Block]]:
    out = io.BytesIO()
    with Writer(out, SHIP, metadata={"k": b"v"}, sync_marker=MARKER) as writer:
        for number in range(6):
            writer.write_block([ship(number)] * (number + 1))
    return out.getvalue(), writer.blocks


FILE, BLOCKS = make()
HEADER = Reader(io.BytesIO(FILE)).header


def values() -> Iterator[Any]:
    yield HEADER
    yield HEADER._replace(metadata={})
    yield from BLOCKS[:1]
    yield next(Reader(io.BytesIO(FILE)).stored_blocks())
    yield LostRange(1, 2, "why")
    yield SalvageReport(HEADER, BLOCKS, [LostRange(1, 2, "why")])
    yield Incompatibility("path", "why")
    yield Duration(1, 2, 3)
    yield Limits(block_bytes=5)
    yield SHIP
    yield parse_schema({"type": "int", "logicalType": "date"}, logical_types=False, limits=Limits(datum_depth=3))
    yield parse_schema({"type": "record", "name": "1", "fields": []}, strict=False)


@pytest.mark.parametrize("value", [*values()], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("make_copy", COPIES)
def test_values(value: Any, make_copy: Copy) -> None:
    again = make_copy(value)
    assert again == value
    assert type(again) is type(value)
    if isinstance(value, Header):
        assert again.schema.limits == value.schema.limits
        with pytest.raises(TypeError):
            again.metadata["k"] = b"w"


@pytest.mark.parametrize("make_copy", COPIES)
def test_signals_stay_themselves(make_copy: Copy) -> None:
    assert make_copy(END) is END
    assert make_copy([NEED_DATA, END]) == [NEED_DATA, END]


def errors() -> Iterator[AvroError]:
    for name in avro_ocf.__all__:
        kind = getattr(avro_ocf, name)
        if isinstance(kind, type) and issubclass(kind, AvroError):
            if issubclass(kind, SchemaError):
                yield kind("message", "a.b")
            elif issubclass(kind, DatumError):
                yield kind("message", "a.b", 3)
            elif issubclass(kind, FormatError):
                yield kind("message", offset=1, block=2, record=3, path="a.b")
            elif issubclass(kind, NeedMoreData):
                yield kind(7)
            else:
                yield kind("message")


class OwnError(StoreError):
    """An error of somebody else's, whose arguments have names."""

    def __init__(self, *, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


@pytest.mark.parametrize("error", [*errors(), OwnError(status=3)], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("make_copy", COPIES)
def test_errors(error: AvroError, make_copy: Copy) -> None:
    error.add_note("a note")
    again = make_copy(error)
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def read(header: Header, data: bytes) -> list[Any]:
    return list(decode_blocks(header, data))


def read_bad(header: Header) -> None:
    list(decode_blocks(header, b"\x02\x02a", start_byte=100))


@pytest.mark.host
def test_blocks_are_decoded_by_a_pool_of_processes() -> None:
    runs = [FILE[block.start_byte : block.start_byte + block.length] for block in BLOCKS]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(read, [(HEADER, run) for run in runs]) == [[ship(number)] * (number + 1) for number in range(6)]
        with pytest.raises(FormatError) as caught:
            pool.apply(read_bad, (HEADER,))
    assert (caught.value.offset, caught.value.block) == (100, 0)
