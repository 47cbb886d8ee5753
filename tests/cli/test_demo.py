"""demo: a store's story, told and checked."""

import json
import os
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from avro_ocf.cli.program import main
from avro_ocf.hotcold import HotCold
from tests.cli.commands import COMMAND, Run, in_terminal, json_lines

pytestmark = pytest.mark.host


def numbers(text: str, pattern: str) -> list[int]:
    """Return the numbers in the first place of `text` that fits `pattern`, in which # stands for one."""
    found = re.search(pattern.replace("#", r"([\d,]+)"), text)
    assert found, pattern
    return [int(number.replace(",", "")) for number in found.groups()]


def test_the_story(run: Run) -> None:
    text = run("demo").stdout.decode()
    assert numbers(text, "^# battles, by a schema, and # settings, plain JSON, come from # users") == [5000, 100, 50]
    assert numbers(text, "moves them into # objects of # blocks") == [2, 100]
    json_bytes, cold_bytes = numbers(text, "# bytes of JSON are # bytes cold")
    assert cold_bytes < 0.35 * json_bytes
    assert numbers(text, "# battles more come in") == [200]
    assert "user-26 reads 104 battles in order, 100 cold and 4 hot:\n" in text
    requests, read, whole = numbers(text, "# range request of # bytes; whole objects would be # bytes")
    assert requests == 1
    assert 20 * read < whole
    assert text.endswith("\nok: what 50 users posted reads back byte for byte, while hot, while cold, and from both at once\n")
    rows = [line.split() for line in text.splitlines() if line.startswith("user-0")]
    assert [row[:2] for row in rows] == [[f"user-0{number}", table] for number in (1, 2, 3) for table in ("battles", "settings")]


def test_the_same_seed_tells_the_same(run: Run) -> None:
    first, again, other = (run("demo", "--users", "2", "--seed", seed).stdout for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_one_user_is_enough(run: Run) -> None:
    assert b"come from 1 user\n" in run("demo", "--users", "1").stdout


def test_the_temporary_folder_is_removed(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([*COMMAND, "demo", "--users", "1"], env=environment, capture_output=True, check=True)
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []


def test_the_store_may_be_kept(run: Run) -> None:
    text = run("demo", "--users", "2", "--store", "new/kept").stdout
    assert run("demo", "--users", "2").stdout == text
    report = json.loads(run("verify", "--store", "new/kept", "--json").stdout)
    assert (report["is_ok"], report["record_count"], report["hot_records"]) == (True, 204, 8)
    records = json_lines(run("read", "--store", "new/kept", "--dataset", "user-02", "--table", "battles").stdout)
    assert [record["at"] for record in records] == sorted(record["at"] for record in records)
    assert len(records) == 104
    done = run("demo", "--store", "new/kept", code=1)
    assert (done.stdout, done.stderr) == (
        b"",
        b"avro-ocf: new/kept: there is a store already, and the demo makes one of its own\n",
    )
    assert json.loads(run("verify", "--store", "new/kept", "--json").stdout) == report


def test_someone_who_waits_sees_progress() -> None:
    assert "demo" in in_terminal([*COMMAND, "demo", "--users", "1"], stream="stderr")


@pytest.mark.parametrize("reads_before", [0, 3, 5, 6], ids=["hot", "plain JSON, cold", "merged", "plain JSON, merged"])
def test_a_record_that_reads_otherwise_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reads_before: int
) -> None:
    """Each user is read twice, hot and cold; then one is read once, and then all again."""
    reads = 0
    read = HotCold.read

    async def altered(*arguments: Any, **options: Any) -> AsyncIterator[Any]:
        nonlocal reads
        reads += 1
        is_altered = reads > reads_before
        async for record in read(*arguments, **options):
            yield {**record, "more": 1} if is_altered else record
            is_altered = False

    monkeypatch.setattr(HotCold, "read", altered)
    assert main(["demo", "--users", "1"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("avro-ocf: user-01, ")
    assert "is not what was posted" in error
