"""Files and datums, encoded and decoded by every library that can."""

import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from benchmarks import floors
from benchmarks.libraries import COMPILED, OURS, PURE, TEXT_UUIDS, Codec, NotMeasuredError, ours
from benchmarks.pairs import paired, rounded
from benchmarks.workloads import GROUPS, USERS, Workload

PURE_SHARE = 4 if COMPILED else 1
"""Pure-Python libraries get a file of one n-th of the records, where there are others."""
MOST_RECORDS = 20_000


class Effort(NamedTuple):
    """How much is measured: bytes of a file without compression, turns of the compiled libraries and of the pure ones, and what the
    name of a workload must have in it; `first` is how many workloads of each group there are at most.
    """

    file_bytes: int = 150_000
    repeats: int = 7
    pure_repeats: int = 3
    only: str = ""
    first: int = 1000


def measure_group(group: str, effort: Effort) -> dict[str, Any]:
    """Return times by workload: of files without compression, or of datums one at a time."""
    return {workload.name: measure_files(workload, effort, one_by_one=group == "datums") for workload in chosen(group, effort)}


def chosen(group: str, effort: Effort) -> Iterable[Workload]:
    """Return the workloads of a group that are to be measured."""
    return [workload for workload in GROUPS[group]() if effort.only in f"{group} {workload.name}"][: effort.first]


def measure_files(workload: Workload, effort: Effort, *, one_by_one: bool = False) -> dict[str, Any]:
    """Time encoding and decoding; with a reader's schema only decoding."""
    count = record_count(workload, effort.file_bytes)
    row: dict[str, Any] = {"records": count, "encode": {}, "decode": {}, "not_supported": {}}
    pure = effort._replace(repeats=effort.pure_repeats)
    for peers, size, strength in ((PURE, max(count // PURE_SHARE, USERS), pure), (COMPILED, count, effort)):
        if not peers:
            continue
        subject = Subject(workload, size, one_by_one)
        for action in ("encode", "decode"):
            functions = {OURS: getattr(subject, action)(ours(workload), OURS)}
            for name, prepare in peers.items():
                try:
                    functions[name] = getattr(subject, action)(prepare(workload), name)
                except NotMeasuredError:
                    continue
                except Exception as error:  # noqa: BLE001 - whatever a library does not support
                    row["not_supported"].setdefault(name, {})[action] = " ".join(f"{error}".split())[:100]
            if not (action == "encode" and workload.reader_schema):
                row[action].update(per_record(paired(functions, strength.repeats), subject.count))
    if workload.reader_schema:
        del row["encode"]
    return row


def measure_deflate(workload: Workload, effort: Effort) -> dict[str, Any]:
    """Time files with deflate beside zlib alone and the making of the same objects."""
    subject = Subject(workload, record_count(workload, effort.file_bytes), False, "deflate")
    deflate, inflate = floors.zlib_floors(ours(workload).encode_file(subject.given, "null"))
    encode: dict[str, Callable[[], object]] = {OURS: subject.encode(ours(workload), OURS), "zlib": deflate}
    decode: dict[str, Callable[[], object]] = {
        OURS: subject.decode(ours(workload), OURS),
        "zlib": inflate,
        "objects": floors.objects(ours(workload).decode_file(subject.data)),
    }
    for name in {"fastavro", "cavro"} & set(COMPILED):
        for action, functions in (("encode", encode), ("decode", decode)):
            try:
                functions[name] = getattr(subject, action)(COMPILED[name](workload), name)
            except Exception as error:  # noqa: BLE001 - whatever a library does not support
                print(f"{workload.name}: {name} cannot {action}: {error}"[:132], file=sys.stderr)
    return {
        "records": subject.count,
        "encode": per_record(paired(encode, effort.repeats), subject.count),
        "decode": per_record(paired(decode, effort.repeats), subject.count),
    }


def record_count(workload: Workload, file_bytes: int) -> int:
    """Return how many records make a file of about so many bytes: a multiple of `USERS`."""
    sample = ours(workload).encode_file(workload.records(USERS), "null")
    return min(max(file_bytes // len(sample), 1) * USERS, MOST_RECORDS)


class Subject:
    """Records, and their bytes as avro_ocf writes them, which every library reads."""

    def __init__(self, workload: Workload, count: int, one_by_one: bool, codec: str = "null") -> None:
        self.given = workload.records(count)
        self.count = len(self.given)
        self.codec = codec
        self.one_by_one = one_by_one
        self.judge = ours(workload._replace(reader_schema=None))
        self.data = self.judge.encode_file(self.given, codec)
        self.datums = [self.judge.encode_datum(record) for record in self.given] if one_by_one else []
        self.expected = ours(workload).decode_file(self.data)
        if not workload.reader_schema:
            require(self.expected == self.given)

    def encode(self, codec: Codec, name: str) -> Callable[[], object]:
        """Return what encodes all records, once it is seen that they can be read."""
        given = spelled(self.given, name)
        if not self.one_by_one:
            require(self.judge.decode_file(codec.encode_file(given, self.codec)) == self.given)
            return lambda: codec.encode_file(given, self.codec)
        one = codec.encode_datum
        require([self.judge.decode_datum(one(record)) for record in given] == self.given)
        return lambda: [one(record) for record in given]

    def decode(self, codec: Codec, name: str) -> Callable[[], object]:
        """Return what decodes all records, once it is seen that they come out right."""
        expected = spelled(self.expected, name)
        if not self.one_by_one:
            require(codec.records(codec.decode_file(self.data)) == expected)
            return lambda: codec.decode_file(self.data)
        one, datums = codec.decode_datum, self.datums
        require([one(datum) for datum in datums] == expected)
        return lambda: [one(datum) for datum in datums]


def require(is_right: bool) -> None:
    """Refuse a library that does not give back what it was given."""
    if not is_right:
        raise ValueError("gives other values than it was given")


def spelled(value: Any, name: str) -> Any:
    """Return records as a library has them."""
    return _as_text(value) if name in TEXT_UUIDS else value


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return str(value) if isinstance(value, UUID) else value


def per_record(times: dict[str, list[float]], count: int) -> dict[str, list[float]]:
    """Return nanoseconds a record and ratios."""
    return {name: [rounded(taken / count * 1e9), rounded(ratio)] for name, (taken, ratio) in times.items()}
