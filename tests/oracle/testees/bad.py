"""A testee that answers the first request and then does one thing that it should not: `bad.py WHAT PIDS`.

It adds its process id, and those of its children, to the file PIDS.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any

FOREVER = [sys.executable, "-c", "import time; time.sleep(10_000)"]


def note(pid: int) -> None:
    with open(sys.argv[2], "a") as file:
        file.write(f"{pid}\n")


def answer(number: int, **content: object) -> None:
    print(json.dumps({"id": number, **content}), flush=True)


def hangs(_: Any) -> None:
    time.sleep(10_000)


def writes_garbage(_: Any) -> None:
    os.write(1, b"\xff\x00 garbage\n")


def writes_half_a_line(_: Any) -> None:
    os.write(1, b'{"id": 2, "ok"')
    time.sleep(10_000)


def exits(_: Any) -> None:
    print("Traceback\n  KeyError: 'foo'", file=sys.stderr)
    os._exit(3)


def exits_in_the_middle(_: Any) -> None:
    os.write(1, b'{"id": 2, "o')
    os._exit(0)


def writes_a_gigabyte(_: Any) -> None:
    for _number in range(1024):
        os.write(1, b"0" * 1024 * 1024)
    time.sleep(10_000)


def writes_lines_for_ever(request: Any) -> None:
    answer(request["id"], ok=True)
    for number in count():
        os.write(1, b"%d\n" % number)


def writes_blanks_for_ever(_: Any) -> None:
    while True:
        os.write(1, b" " * 4096)


def writes_an_array(request: Any) -> None:
    print(json.dumps([request["id"], "ok"]), flush=True)


def writes_deep_json(_: Any) -> None:
    print("[" * 100_000, flush=True)


def says_nothing(request: Any) -> None:
    answer(request["id"])


def says_two_things(request: Any) -> None:
    answer(request["id"], ok=True, error="no")


def answers_another_request(request: Any) -> None:
    answer(request["id"] - 1, ok=True)


def answers_true_for_an_id(_: Any) -> None:
    answer(True, ok=True)


def answers_twice(request: Any) -> None:
    answer(request["id"], ok=True)
    answer(request["id"], ok=True)


def closes_its_output(_: Any) -> None:
    os.close(1)
    time.sleep(10_000)


def crashes(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def ends_by_a_signal_without_a_name(_: Any) -> None:
    os.write(2, b"\x1b[1m\xff")
    os.kill(os.getpid(), 40)


def eats_memory(_: Any) -> None:
    eaten = []
    while True:
        eaten.append(b"1" * 16 * 1024 * 1024)


def lets_a_child_eat_memory(_: Any) -> None:
    command = [sys.executable, __file__, "eats_memory", sys.argv[2]]
    subprocess.run(command, input=b'{"id": 1}\n{"id": 2}\n', stdout=subprocess.DEVNULL, check=False)


def writes_errors_for_ever(_: Any) -> None:
    while True:
        os.write(2, b"oh no\n" * 1000)


def ignores_signals(_: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    time.sleep(10_000)


def leaves_a_child(_: Any) -> None:
    note(subprocess.Popen(FOREVER).pid)
    os._exit(0)


def hangs_with_a_child_of_another_session(_: Any) -> None:
    note(subprocess.Popen(FOREVER, start_new_session=True).pid)
    time.sleep(10_000)


def main() -> None:
    note(os.getpid())
    what: Callable[[Any], None] = globals()[sys.argv[1]]
    answer(json.loads(sys.stdin.readline())["id"], ok=["first"])
    for line in sys.stdin:
        what(json.loads(line))


if __name__ == "__main__":
    main()
