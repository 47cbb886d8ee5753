"""A file of any size takes memory for its largest block, not for itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from avro_ocf import Writer

pytestmark = pytest.mark.host

MEASURED = """
import resource, sys
from avro_ocf.cli.program import main
assert main(sys.argv[1:]) == 0
unit = 1 if sys.platform == "darwin" else 1024
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, file=sys.stderr)
"""
BIG_BYTES = 40_000_000
ALLOWED_BYTES = 8_000_000
"""More than a few blocks of 16 KiB, their lines, and a page cache of SQLite; far less than the big file."""
GROUP = '{"type":"record","name":"R","fields":[{"name":"group","type":"int"},{"name":"text","type":"string"}]}'


def lines(size: int) -> bytes:
    """Return lines of about `size` bytes, of 100 groups at least."""
    text = "x" * 1000
    return b"".join(
        b'{"group":%d,"text":"%s"}\n' % (index % max(100, size // 200_000), text.encode()) for index in range(size // 1000)
    )


def peak_bytes(*arguments: object) -> int:
    """Return the most memory that a command takes, in bytes.

    A shell stands in between, because Linux counts what the process had before it became the command: all of pytest's memory.
    """
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", MEASURED, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return int(done.stderr.splitlines()[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small and a big file, as lines and as containers."""
    folder = tmp_path_factory.mktemp("memory")
    (folder / "group.avsc").write_text(GROUP)
    for name, size in (("small", 100_000), ("big", BIG_BYTES)):
        (folder / f"{name}.ndjson").write_bytes(lines(size))
        with Writer(
            folder / f"{name}.avro", '{"type":"record","name":"R","fields":[{"name":"text","type":"string"}]}', "null"
        ) as writer:
            writer.write_many({"text": "x" * 1000} for _ in range(size // 1000))
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["cat", "{}.avro"],
        ["count", "{}.avro"],
        ["verify", "{}.avro"],
        ["index", "{}.avro"],
        ["concat", "{}.avro", "{}.avro", "-o", "out.avro"],
        ["recode", "{}.avro", "--codec", "deflate", "-o", "out.avro"],
        ["salvage", "{}.avro", "-o", "out.avro"],
        ["encode", "--schema", "group.avsc", "{}.ndjson", "out.avro"],
        ["encode", "--schema", "group.avsc", "--by", "group", "{}.ndjson", "out.avro"],
        ["encode", "{}.ndjson", "out.avro"],
    ],
    ids=" ".join,
)
def test_memory_does_not_grow_with_the_file(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    small, big = (peak_bytes(*(argument.format(name) for argument in arguments)) for name in ("small", "big"))
    assert big - small < ALLOWED_BYTES


def test_the_measurement_sees_a_command_that_reads_all(folder: Path) -> None:
    """A single line of the big file's size is a record of that size."""
    big = folder / "one_line.ndjson"
    big.write_bytes(b'{"group":0,"text":"' + b"x" * BIG_BYTES + b'"}')
    small = peak_bytes("encode", "--schema", folder / "group.avsc", folder / "small.ndjson", folder / "out.avro")
    assert peak_bytes("encode", "--schema", folder / "group.avsc", big, folder / "out.avro") - small > ALLOWED_BYTES
