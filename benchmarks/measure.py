"""Times: of encoding and decoding, of generating a schema's functions, of the import."""

import gc
import subprocess
import sys
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from benchmarks.data import records
from benchmarks.libraries import LIBRARIES, Codec

CASES = ("file null encode", "file null decode", "file deflate encode", "file deflate decode", "datum encode", "datum decode")
BASELINE = "import json, dataclasses, struct, zlib"

Seconds = dict[str, dict[str, float]]
"""The best time of each case and library, in seconds for all records."""


def measure_table(schema: Any, count: int, repeats: int) -> Seconds:
    """Time all cases of one schema. Libraries take turns, so that a busy moment hits all of them."""
    best: Seconds = {case: dict.fromkeys(LIBRARIES, float("inf")) for case in CASES}
    work = {
        name: _work(prepare(schema), records(schema, count, uuid_as_text=name == "avro")) for name, prepare in LIBRARIES.items()
    }
    for case in CASES:
        for repeat in range(repeats):
            for name in LIBRARIES:
                if name != "avro" or repeat < 2:  # it takes ten times as long as the others together
                    best[case][name] = min(best[case][name], _seconds(work[name][case]))
    return best


def _work(codec: Codec, given: list[Any]) -> Mapping[str, Callable[[], object]]:
    null, deflate, datums = codec.encode_file(given, "null"), codec.encode_file(given, "deflate"), codec.encode_datums(given)
    if not codec.decode_file(null) == codec.decode_file(deflate) == codec.decode_datums(datums) == given:
        raise AssertionError("a library does not give back what it was given")
    functions: tuple[Callable[[], object], ...] = (
        lambda: codec.encode_file(given, "null"),
        lambda: codec.decode_file(null),
        lambda: codec.encode_file(given, "deflate"),
        lambda: codec.decode_file(deflate),
        lambda: codec.encode_datums(given),
        lambda: codec.decode_datums(datums),
    )
    return dict(zip(CASES, functions, strict=True))


def _seconds(function: Callable[[], object]) -> float:
    gc.collect()
    start = perf_counter()
    function()
    return perf_counter() - start


def generation_seconds(schema: Any) -> float:
    """Time making a schema's encoder and decoder, from the schema as an object."""
    from avro_ocf.api import Schema, parse_schema

    def generate() -> object:
        parsed = parse_schema(schema)
        fresh = Schema(parsed.json, parsed.node, logical_types=True, limits=parsed.limits)
        return fresh.encoder, fresh.decoder()

    return min(_seconds(generate) for _ in range(3))


def import_seconds(repeats: int) -> float:
    """Return by how much `BASELINE` and `import avro_ocf` takes longer than `BASELINE`, in fresh interpreters that take turns."""
    programs = (BASELINE, f"{BASELINE}, avro_ocf")
    best = [float("inf")] * 2
    for _ in range(repeats):
        for index, program in enumerate(programs):
            start = perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            best[index] = min(best[index], perf_counter() - start)
    return best[1] - best[0]
