"""The command oracle, with this package as the testee, whole or with a defect."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import COMMAND, LONG_S, Run, in_terminal
from tests.oracle.test_process import ended
from tests.oracle.testees import bad, ours

pytestmark = pytest.mark.host

OURS = [sys.executable, ours.__file__]
FAST = ["--cases", "40", "--operations", "decode,fingerprint"]


def defect(run: Run, *options: object) -> None:
    run("oracle", *FAST, *options, "--", *OURS, "no maps", code=1)


def test_a_testee_that_agrees(run: Run) -> None:
    done = run("oracle", *FAST, "--", *OURS)
    lines = done.stdout.decode().splitlines()
    assert lines[0].split() == ["operation", "cases", "passed", "failed", "unsupported"]
    assert [line.split() for line in lines[1:3]] == [["decode", "40", "40", "0", "0"], ["fingerprint", "40", "40", "0", "0"]]
    assert lines[4].endswith("clauses exercised")
    assert len(lines) == 5
    assert done.stderr == b""


def test_a_testee_that_disagrees_is_told_with_the_smallest_counterexample(run: Run) -> None:
    done = run("oracle", *FAST, "--", *OURS, "no maps", code=1)
    assert done.stderr == b"avro-ocf: 1 disagreement\n"
    told = done.stdout.decode()
    assert "\nclause " in told
    first = told.partition("\n\ndecode: refused what is right, ")[2].splitlines()
    assert first[1:5] == [
        '  schema     {"type": "map", "values": "null"}',
        "  data       00",
        '  expected   {"map": {}}',
        "  got        an error: ValueError: I know no map",
    ]
    assert "binary.map.end" in first[5]


def test_the_report_is_json(run: Run, tmp_path: Path) -> None:
    done = run("oracle", *FAST, "--json", "--report", "report.json", "--", *OURS, "no maps", code=1)
    report: dict[str, Any] = json.loads(done.stdout)
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert (report["testee"], report["seed"]) == ("ours", "1")
    assert sum(report["operations"]["decode"].values()) == 40
    assert report["operations"]["fingerprint"] == {"passed": 40}
    clause = report["clauses"]["binary.map.end"]
    assert clause["cases"] == clause["passed"] + clause["failed"] + clause["unsupported"]
    assert clause["failed"] > 0
    [failure] = report["failures"]
    assert failure["outcome"] == "refused what is right"
    assert failure["case"]["schema"] == {"type": "map", "values": "null"}


def test_failures_are_replayed(run: Run) -> None:
    defect(run, "--report", "report.json")
    again = run("oracle", "--replay", "report.json", "--json", "--", *OURS, "no maps", code=1)
    assert json.loads(again.stdout)["operations"] == {"decode": {"refused what is right": 1}}
    mended = run("oracle", "--replay", "report.json", "--json", "--", *OURS)
    assert json.loads(mended.stdout)["operations"] == {"decode": {"passed": 1}}


def test_failures_that_are_known_are_no_failure_of_the_run(run: Run, tmp_path: Path) -> None:
    defect(run, "--report", "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    report["failures"][0]["why"] = "maps are for later"
    (tmp_path / "known.json").write_text(json.dumps(report))
    done = run("oracle", *FAST, "--known", "known.json", "--", *OURS, "no maps")
    assert b"known      maps are for later\n" in done.stdout
    mended = run("oracle", *FAST, "--known", "known.json", "--", *OURS, code=1)
    assert mended.stderr == b"avro-ocf: no longer fails: decode, refused what is right: maps are for later\n"


def test_a_known_failure_needs_a_reason(run: Run) -> None:
    defect(run, "--report", "report.json")
    done = run("oracle", "--known", "report.json", "--", *OURS, code=1)
    assert done.stderr == b"avro-ocf: report.json: a known failure has a reason why it is known\n"


def test_a_corpus_is_exported(run: Run, tmp_path: Path) -> None:
    done = run("oracle", "--cases", 2, "--operations", "read-file", "--seed", "x", "--export", "corpus")
    assert done.stderr == b"corpus: 6 files written\n"
    assert sorted(path.name for path in (tmp_path / "corpus" / "read-file").iterdir()) == [
        f"0000{number}.{ending}" for number in (0, 1) for ending in ("avro", "avsc", "json")
    ]


@pytest.mark.parametrize("what", ["exits", "hangs", "eats_memory"])
def test_a_testee_that_gives_no_answer_is_told(run: Run, tmp_path: Path, what: str) -> None:
    command = [sys.executable, bad.__file__, what, tmp_path / "pids"]
    done = run("oracle", "--timeout-ms", "5000", "--memory-bytes", 1 << 28, "--", *command, code=1)
    assert done.stderr.startswith(b"avro-ocf: " + sys.executable.encode() + b": no good answer to hello: ")


def test_no_testee_is_left_when_the_command_is_ended(tmp_path: Path) -> None:
    code = (
        "import json, os, sys; request = json.loads(input())\n"
        "print(json.dumps({'id': request['id'], 'ok': {'operations': ['parse']}}), flush=True); input()\n"
        "open(sys.argv[1], 'w').write(f'{os.getpid()}\\n')\n"
        "while True: pass"
    )
    command = [*COMMAND, "oracle", "--", sys.executable, "-c", code, str(tmp_path / "pid")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + LONG_S
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().endswith("\n"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.terminate()
        assert process.wait(LONG_S) == 128 + signal.SIGTERM
    assert ended(int((tmp_path / "pid").read_text()))


def test_a_command_that_is_not_there(run: Run) -> None:
    done = run("oracle", "--", "./no-such-testee", code=1)
    assert done.stderr == b"avro-ocf: ./no-such-testee: No such file or directory\n"


def test_a_testee_that_does_not_come_with_the_package() -> None:
    for names in ([], ["no-such"]):
        done = subprocess.run([sys.executable, "-m", "avro_ocf.oracle.testees", *names], capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr == b"usage: python -m avro_ocf.oracle.testees avro|cavro|fastavro\n"


@pytest.mark.parametrize("text", ["{}", "no JSON"])
def test_a_file_that_is_no_report(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_text(text)
    for option in ("--known", "--replay"):
        done = run("oracle", option, "file.json", "--", *OURS, code=1)
        assert done.stderr.startswith(b"avro-ocf: file.json: ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--export", "corpus", "--", "true"],
        ["--cases", "0", "--", "true"],
        ["--operations", "decode,dance", "--", "true"],
        ["--operations", "", "--", "true"],
        ["--seed", "\udcff", "--export", "corpus"],
    ],
)
def test_misuse(run: Run, arguments: list[str]) -> None:
    run("oracle", *arguments, code=2)


def test_someone_who_waits_sees_how_far_it_is() -> None:
    assert "oracle" in in_terminal([*COMMAND, "oracle", "--cases", "300", "--operations", "fingerprint", "--", *OURS], "stderr")
