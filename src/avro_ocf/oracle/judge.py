"""What an answer is worth. The references are `reference`, `resolution` and `container`.

What an encoder wrote is read back: any legal form of the value will do, and any branch of a union that gives it back.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.block import StoredBlock, unpack_block
from avro_ocf.container.header import Header
from avro_ocf.container.parser import StreamParser
from avro_ocf.errors import AvroError, FormatError
from avro_ocf.oracle.cases import Answer, Broken, Case, Outcome, Refused, Unsupported
from avro_ocf.oracle.telling import difference, told
from avro_ocf.reference import Budget, decode
from avro_ocf.resolution.identity import identity


class Judgement(NamedTuple):
    """What an answer is worth, and why it is not `passed`."""

    outcome: Outcome
    reason: str = ""


PASSED: Final = Judgement("passed")


def judge(case: Case, answer: Answer, *, exact: bool = True) -> Judgement:
    """Return what `answer` to `case` is worth.

    With `exact=False`, as for answers in JSON, an int is taken for a float of the same value. Nothing that an implementation gives
    makes this raise, but for what is no `Exception`, such as `KeyboardInterrupt`.
    """
    match answer:
        case Broken(reason):
            return Judgement("no answer", reason)
        case Unsupported(reason):
            return Judgement("unsupported", reason)
        case Refused(reason):
            return Judgement("refused what is right", reason) if case.verdict == "accept" else PASSED
    if case.verdict == "reject":
        return Judgement("took what is wrong", f"it should be refused, the answer is {told(answer.value)}")
    try:
        wrong = _JUDGES[case.operation](case, answer.value, exact)
    except Exception as error:  # noqa: BLE001 - it comes from the answer's own methods, or from how deep the answer is
        wrong = f"an answer that cannot be examined ({type(error).__name__}): {told(answer.value)}"
    return Judgement("wrong answer", wrong) if wrong else PASSED


def _parsed(_case: Case, _value: object, _exact: bool) -> str:
    return ""


def _read(case: Case, value: object, exact: bool) -> str:
    return difference(case.expected, value, exact=exact)


def _encoded(case: Case, value: object, _exact: bool) -> str:
    data = binary(value)
    if data is None:
        return f"expected bytes, got {told(value)}"
    schema = parse_schema(case.schema, strict=False)
    try:
        got, end = decode(identity(schema.node), data, 0, schema.limits)
    except FormatError as error:
        return f"{data_told(data)} cannot be read: {error}"
    if end != len(data):
        return f"{data_told(data)} goes on after the value, which ends at byte {end}"
    wrong = difference(case.value, got)
    return wrong and f"{data_told(data)} is another value: {wrong}"


def _written(case: Case, value: object, _exact: bool) -> str:
    data = binary(value)
    if data is None:
        return f"expected bytes, got {told(value)}"
    try:
        header, records = read_container(data)
    except AvroError as error:
        return f"{data_told(data)} cannot be read: {error}"
    if header.schema.canonical_form != parse_schema(case.schema, strict=False).canonical_form:
        return f"the file's schema is another: {told(header.schema.json)}"
    if case.codec and header.codec != case.codec:
        return f"the file's codec is {header.codec}, not {case.codec}"
    wrong = difference(case.value, records)
    return wrong and f"the records of {data_told(data)} are others: {wrong}"


def read_container(data: bytes) -> tuple[Header, list[object]]:
    """Return the header and the records of a container file, read by the reference. Raises `AvroError`."""
    parser = StreamParser()
    for piece in (data, b"") if data else (b"",):
        parser.receive_data(piece)
    header = parser.next_event()
    if not isinstance(header, Header):
        raise FormatError("no header", offset=0)
    records: list[object] = []
    while isinstance(stored := parser.next_event(), StoredBlock):
        records += _records(header.schema, unpack_block(header, stored), stored.block.record_count)
    return header, records


def _records(schema: Schema, data: bytes, count: int) -> list[object]:
    plan, budget = identity(schema.node), Budget(schema.limits.zero_byte_items)
    records: list[object] = []
    position = 0
    for _ in range(count):
        record, position = decode(plan, data, position, schema.limits, budget)
        records.append(record)
    if position != len(data):
        raise FormatError("bytes are left over in a block", offset=position)
    return records


def _fingerprinted(case: Case, value: object, _exact: bool) -> str:
    if type(case.expected) is not dict or type(value) is not dict:
        return f"expected a dict of fingerprints, got {told(value)}"
    known = {name: wanted for name, wanted in case.expected.items() if name in value}
    if not known:
        return f"none of {', '.join(case.expected)} in {told(value)}"
    return difference(known, {name: value[name] for name in known})


_JUDGES: Final[dict[str, Callable[[Case, object, bool], str]]] = {
    "parse": _parsed,
    "encode": _encoded,
    "decode": _read,
    "resolve": _read,
    "read-file": _read,
    "write-file": _written,
    "fingerprint": _fingerprinted,
}


def binary(value: object) -> bytes | None:
    """Return the bytes of a `bytes` or `bytearray`, also of a subclass; None for anything else."""
    return b"".join((value,)) if issubclass(type(value), bytes | bytearray) and isinstance(value, bytes | bytearray) else None


def data_told(data: bytes) -> str:
    """Return bytes as text, in hex and cut short."""
    return f"{data[:100].hex() or 'no byte'}{'...' if len(data) > 100 else ''}"
