"""Whether time grows with the records and with the datasets, and no faster."""

import gc
import io
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

from avro_ocf import Reader, Writer, parse_schema, scan_blocks
from benchmarks.pairs import rounded, seconds
from benchmarks.workloads import shapes

DATASET_RECORDS = 20


def measure_growth(most_records: int, most_datasets: int) -> dict[str, Any]:
    """Return nanoseconds by count: a record of one file, and datasets of one block each."""
    gc.freeze()
    counts = [10**power for power in range(3, 7) if 10**power <= most_records]
    datasets = [10**power for power in range(5) if 10**power <= most_datasets]
    return {
        "records": {str(count): by_records(count) for count in counts},
        "datasets": {str(count): by_datasets(count) for count in datasets},
    }


def by_records(count: int) -> dict[str, float]:
    """Time a file of `count` records, nanoseconds a record."""
    schema, records = _weather()
    out = io.BytesIO()

    def encode() -> None:
        out.seek(0)
        with Writer(out, schema) as writer:
            writer.write_many(islice(cycle(records), count))

    encoding = _best(encode, count)
    data = out.getvalue()
    return {"encode": encoding, "decode": _best(lambda: _read(data), count)}


def by_datasets(count: int) -> dict[str, float]:
    """Time a file of `count` blocks: nanoseconds a record written and read, a block found, and the last block read alone."""
    schema, records = _weather()
    dataset = records[:DATASET_RECORDS]
    out = io.BytesIO()

    def encode() -> None:
        out.seek(0)
        with Writer(out, schema) as writer:
            for _ in range(count):
                writer.write_block(dataset)

    encoding = _best(encode, count * DATASET_RECORDS)
    data = out.getvalue()
    scanning = _best(lambda: sum(1 for _ in scan_blocks(io.BytesIO(data))), count)
    *_, last = scan_blocks(io.BytesIO(data))
    with Reader(io.BytesIO(data)) as reader:
        alone = _best(lambda: reader.read_block(last), 1)
    decoding = _best(lambda: _read(data), count * DATASET_RECORDS)
    return {"encode": encoding, "decode": decoding, "scan": scanning, "read_block": alone}


def _read(data: bytes) -> int:
    return sum(1 for _ in Reader(io.BytesIO(data)))


def _weather() -> tuple[Any, list[Any]]:
    weather = next(workload for workload in shapes() if workload.name == "weather")
    schema = parse_schema(weather.schema)
    records = weather.records(100)
    schema.decode(schema.encode(records[0]))  # what is made once is not measured here
    return schema, records


def _best(function: Callable[[], object], count: int) -> float:
    """Return the best nanoseconds of some calls, the fewer the longer they take."""
    times = [seconds(function)]
    while len(times) < 20 and sum(times) < 1:
        times.append(seconds(function))
    return rounded(min(times) / count * 1e9)
