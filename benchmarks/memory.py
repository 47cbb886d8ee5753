"""The memory of reading a large file to its end, and what finding its blocks reads of it. Each job runs in a process of its own.

`python -m benchmarks.memory JOB PATH` prints one line of JSON.
"""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.workloads import shapes

MIB = 1 << 20
ROOT = Path(__file__).parents[1]


def measure_memory(file_bytes: int) -> dict[str, Any]:
    """Return what reading a file of so many bytes takes, and finding its blocks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.avro"
        write_large(path, file_bytes)
        return {"file_bytes": path.stat().st_size, "read": _job("read", path), "scan": _job("scan", path)}


def write_large(path: Path, file_bytes: int) -> None:
    """Write a file of texts without compression, the same blocks over and over."""
    from avro_ocf import Reader, Writer, parse_schema

    texts = next(workload for workload in shapes() if workload.name == "strings")
    schema = parse_schema(texts.schema)
    small = io.BytesIO()
    with Writer(small, schema) as writer:
        writer.write_many(texts.records(10_000))
    with Reader(io.BytesIO(small.getvalue())) as reader:
        header, blocks = reader.header, list(reader.stored_blocks())
    with Writer(path, schema) as writer:
        for _ in range(-(-file_bytes // len(small.getvalue()))):
            for block in blocks:
                writer.copy_block(header, block)


def read(path: str) -> dict[str, Any]:
    """Read every record."""
    from avro_ocf import Reader
    from benchmarks.hotcold_work import forget_peak, memory

    forget_peak()
    before = memory("VmRSS")
    start = process_time()
    with Reader(path) as reader:
        count = sum(1 for _ in reader)
    return {"seconds": process_time() - start, "records": count, "import_bytes": before, "peak_bytes": memory("VmHWM") - before}


def scan(path: str) -> dict[str, Any]:
    """Find every block."""
    from avro_ocf import scan_blocks

    with _Counting(path) as file:
        start = process_time()
        count = sum(1 for _ in scan_blocks(file))
        return {"seconds": process_time() - start, "blocks": count, "bytes_read": file.bytes_read}


class _Counting(io.FileIO):
    """A file that counts what is read of it."""

    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size) or b""
        self.bytes_read += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer) or 0
        self.bytes_read += count
        return count


def _job(name: str, path: Path) -> Any:
    command = [sys.executable, "-m", "benchmarks.memory", name, str(path)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


if __name__ == "__main__":
    print(json.dumps({"read": read, "scan": scan}[sys.argv[1]](sys.argv[2])))
