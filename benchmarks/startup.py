"""What is paid once: imports, the wheel, and a schema's first record."""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from benchmarks.libraries import COMPILED, OURS, PURE, ours
from benchmarks.pairs import paired, rounded
from benchmarks.workloads import Workload, battle, shapes

BASELINE = "import json, dataclasses, struct, zlib"
ROOT = Path(__file__).parents[1]


def measure_startup(repeats: int) -> dict[str, Any]:
    """Return milliseconds and bytes; in Pyodide, which has no other processes, only those of a schema's first record."""
    found: dict[str, Any] = {"first_record_ms": {}, "code_ms": {}}
    for name, workload in _measured().items():
        found["first_record_ms"][name] = _first_record(workload, repeats)
        found["code_ms"][name] = _code(workload, repeats)
    if sys.platform != "emscripten":
        found |= {"import_ms": import_ms(repeats), "wheel_bytes": wheel_bytes()}
    return found


def _measured() -> dict[str, Workload]:
    chosen = {workload.name: workload for workload in shapes() if workload.name in {"weather", "40 nullable fields"}}
    largest = max(battle(), key=lambda table: len(table.schema["fields"]))
    chosen[f"{largest.name}, {len(largest.schema['fields'])} fields"] = largest
    return chosen


def _first_record(workload: Workload, repeats: int) -> dict[str, float]:
    """Return what it takes from a schema as JSON text, never seen before, to one record's bytes, and to the record of those."""
    record = workload.records(1)[0]
    data = ours(workload).encode_datum(record)
    text = json.dumps(workload.schema)
    functions: dict[str, Callable[[], object]] = {
        "parse": _Anew(text, _parse),
        "encode": _Anew(text, lambda fresh: _parse(fresh).encode(record)),
        "decode": _Anew(text, lambda fresh: _parse(fresh).decode(data)),
    }
    if "fastavro" in COMPILED:
        functions |= {
            "fastavro encode": _Anew(text, lambda fresh: _fastavro(fresh).encode_datum(record)),
            "fastavro decode": _Anew(text, lambda fresh: _fastavro(fresh).decode_datum(data)),
        }
    return _ms(functions, repeats)


def _code(workload: Workload, repeats: int) -> dict[str, float]:
    """Return what it takes to generate the code of a parsed schema, and to compile that once more."""
    from avro_ocf import parse_schema
    from avro_ocf.compiler import Decoder, Encoder

    schema = parse_schema(workload.schema)
    encoder, decoder = schema.encoder, schema.decoder()

    def encode() -> object:
        return Encoder(schema.node, schema.limits)

    def decode() -> object:
        re.purge()  # as for expressions never seen before
        return Decoder(decoder.plan, schema.limits, is_charged=False).source

    functions: dict[str, Callable[[], object]] = {
        "encoder": encode,
        "encoder's compile": lambda: compile(encoder.source, "", "exec"),
        "decoder": decode,
        "decoder's compile": lambda: compile(decoder.source, "", "exec"),
    }
    return _ms(functions, repeats)


def _ms(functions: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    return {name: rounded(taken * 1000) for name, (taken, _) in paired(functions, max(repeats, 2)).items()}


class _Anew:
    """Calls a function with a schema that differs from all before by its documentation, so that nothing kept is of use."""

    count = 0

    def __init__(self, text: str, function: Callable[[str], object]) -> None:
        self._text = text
        self._function = function

    def __call__(self) -> object:
        _Anew.count += 1
        return self._function(f'{{"doc": "{_Anew.count}", {self._text[1:]}')


def _parse(text: str) -> Any:
    from avro_ocf import parse_schema

    return parse_schema(text, strict=False)


def _fastavro(text: str) -> Any:
    return COMPILED["fastavro"](Workload("", json.loads(text), lambda _: []))


def import_ms(repeats: int) -> dict[str, float]:
    """Return by how much `BASELINE` and a library's import take longer than `BASELINE`, in fresh interpreters that take turns."""
    import resource  # Pyodide has none

    def children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    names = [OURS, *(name for name in (*COMPILED, *PURE) if "_" not in name)]
    extra = {"avro": "avro.schema, avro.io, avro.datafile"}
    programs = {"": BASELINE, **{name: f"{BASELINE}, {extra.get(name, name)}" for name in names}}
    times = paired({name: _Run(program) for name, program in programs.items()}, repeats, children)
    return {name: rounded((times[name][0] - times[""][0]) * 1000) for name in names}


class _Run:
    def __init__(self, program: str) -> None:
        self._command = [sys.executable, "-c", program]

    def __call__(self) -> object:
        return subprocess.run(self._command, check=True)


def wheel_bytes() -> dict[str, int]:
    """Build the wheel and return the compressed bytes of each of its parts, one of which is what the archive takes besides."""
    with tempfile.TemporaryDirectory() as built:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        path = next(Path(built).glob("*.whl"))
        parts: Counter[str] = Counter()
        with ZipFile(path) as wheel:
            for file in wheel.infolist():
                package, _, inside = file.filename.partition("/")
                folder = inside.partition("/")[0]
                parts[WHEEL_PARTS.get(folder, "codec") if package == "avro_ocf" else "archive"] += file.compress_size
        parts["archive"] += path.stat().st_size - parts.total()
        return dict(parts)


WHEEL_PARTS = {
    "oracle": "oracle",
    "hotcold": "store, with adapters and Worker",
    "adapters": "store, with adapters and Worker",
    "worker": "store, with adapters and Worker",
    "cli": "command line",
}
"""Folders of the package; all others are the codec and its files."""
