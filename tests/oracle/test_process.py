"""What a well-behaved process answers, however much or little it is at a time."""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from avro_ocf.oracle.cases import Broken
from avro_ocf.oracle.runner.process import CodecProcess

pytestmark = pytest.mark.host

ECHO = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    print("noise", file=sys.stderr)
    print(json.dumps({"id": request["id"], "ok": request.get("say")}), flush=True)
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def ended(pid: int) -> bool:
    """Tell whether a process ends within a generous time."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False


def test_one_process_answers_one_request_after_the_other() -> None:
    with CodecProcess(python(ECHO)) as testee:
        for number in range(1, 101):
            assert testee.ask({"say": number}) == {"id": number, "ok": number}
        assert testee.starts == 1


@pytest.mark.parametrize("length", [0, 65_535, 65_536, 5_000_000])
def test_requests_and_answers_may_be_longer_than_a_pipe(length: int) -> None:
    with CodecProcess(python(ECHO)) as testee:
        answer = testee.ask({"say": "a" * length})
        assert not isinstance(answer, Broken)
        assert answer == {"id": 1, "ok": "a" * length}


def test_any_time_is_given() -> None:
    with CodecProcess(python(ECHO), timeout_ms=10**400) as testee:
        assert testee.ask({"say": 1}) == {"id": 1, "ok": 1}


def test_no_child_in_another_session_is_left_at_the_end() -> None:
    code = (
        "import json, subprocess, sys\ninput()\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(10_000)'], start_new_session=True)\n"
        "print(json.dumps({'id': 1, 'ok': child.pid}), flush=True)\nsys.stdin.read()"
    )
    with CodecProcess(python(code)) as testee:
        answer = testee.ask({})
        assert not isinstance(answer, Broken)
    assert ended(answer["ok"])


def test_the_longest_answer() -> None:
    with CodecProcess(python(ECHO), answer_bytes=1000) as testee:
        overhead = len(json.dumps({"id": 1, "ok": ""}))
        assert testee.ask({"say": "a" * (1000 - overhead)}) == {"id": 1, "ok": "a" * (1000 - overhead)}
        assert testee.ask({"say": "a" * (1001 - overhead)}) == Broken("more than 1000 bytes on one line; stderr: noise")


def test_an_answer_before_the_request_is_read_is_none() -> None:
    with CodecProcess(python('import time; print(\'{"id": 1, "ok": 1}\', flush=True); time.sleep(10_000)')) as testee:
        answer = testee.ask({"say": "a" * 5_000_000})
    assert answer == Broken('an answer before the request was read: \'{"id": 1, "ok": 1}\'')


@pytest.mark.parametrize("parts", [["{", '"id": 1, "ok"', ": 1}", "\n"], ['{"id": 1, "ok": 1}\n']])
def test_an_answer_may_come_in_pieces(parts: Sequence[str]) -> None:
    code = (
        "import fcntl, sys, termios\n"
        "for part in sys.argv[1:]:\n"
        "    print(part, end='', flush=True)\n"
        "    while any(fcntl.ioctl(1, termios.FIONREAD, bytes(4))): pass\n"  # until it is read
        "sys.stdin.read()"
    )
    with CodecProcess(python(code, *parts)) as testee:
        assert testee.ask({}) == {"id": 1, "ok": 1}


def test_a_process_gets_the_end_of_its_input(tmp_path: Path) -> None:
    with CodecProcess(python(ECHO + "open(sys.argv[1], 'w').write('over')", str(tmp_path / "over"))) as testee:
        testee.ask({})
    assert (tmp_path / "over").read_text() == "over"


def test_what_cannot_be_started_is_an_error() -> None:
    with CodecProcess(["./there/is/none"]) as testee, pytest.raises(FileNotFoundError):
        testee.ask({})


def test_a_process_that_does_not_end_by_itself_is_killed() -> None:
    code = ECHO.replace('request.get("say")', "os.getpid()").replace("import json", "import json, os, time") + "time.sleep(10_000)"
    with CodecProcess(python(code)) as testee:
        answer = testee.ask({})
        assert not isinstance(answer, Broken)
    assert ended(answer["ok"])
