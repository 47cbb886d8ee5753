"""Rounds of killing: children work at one store, each is killed inside an operation, and then the store is looked at.

A round has one child or two. Each gets a list of commands and is killed a short random time after it has begun a chosen one. The
choices follow from a seed; where exactly a kill lands is up to the machine. An upload is acknowledged once a child has said that
`ingest` returned, and is posted again, by the same id, until it is.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tests.crash import check
from tests.crash.child import MISSED, digest
from tests.crash.uploads import Upload, in_order, upload

REPOSITORY = Path(__file__).parents[2]
WEIGHTS = {"ingest": 8, "archive": 6, "compact": 3, "collect": 3, "read": 2}
HANGING_S = 120
FIRST_GUESS_S = 0.03


class Plan(NamedTuple):
    """What one child is to do, the index of the command that it is killed in, and how far into it, in parts of its usual time."""

    commands: list[tuple[str, int]]
    victim: int
    delay: float


class Trace(NamedTuple):
    """What one child has said: when it began and ended each command, by index, and what came of it."""

    plan: Plan
    began: dict[int, int]
    ended: dict[int, tuple[int, Any]]

    @property
    def interrupted(self) -> str | None:
        """The operation that the kill has landed in, or None where it was between two."""
        last = max(self.began)
        return None if last in self.ended else self.plan.commands[last][0]


def is_missed(result: Any) -> bool:
    return isinstance(result, str) and result.startswith(MISSED)


class Report:
    """What some rounds have come to."""

    def __init__(self) -> None:
        self.kills = self.uploads = 0
        self.interrupted: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()

    def add(self, other: "Report") -> None:
        self.kills += other.kills
        self.uploads += other.uploads
        self.missed += other.missed
        self.interrupted += other.interrupted
        self.left += other.left

    @property
    def half_done(self) -> int:
        """How many objects were seen on their half way, in whichever way."""
        return sum(count for what, count in self.left.items() if "files" in what)

    def __str__(self) -> str:
        inside, left, missed = (
            ", ".join(f"{name} {count}" for name, count in counts.most_common() if count)
            for counts in (self.interrupted, self.left, self.missed)
        )
        return (
            f"{self.kills} kills, {self.interrupted.total()} of them inside an operation ({inside}); seen afterwards: {left}; "
            f"objects collected under an operation's hands: {missed or 'none'}; {self.uploads} uploads, each there once"
        )


class Rounds:
    """The rounds of one store in `folder`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.report = Report()
        self._random = random.Random(seed)
        self._posted: dict[int, Upload] = {}
        self._acknowledged: dict[int, int] = {}
        self._usual_s: dict[str, float] = {}
        self._seen: set[Path] = set()

    def run(self, kills: int) -> Report:
        """Kill children, let the store come to rest, and check that nothing is lost and nothing there twice.

        There are `kills` of them, or up to four times as many where those have not yet been seen to leave a file half done.
        """
        while self.report.kills < kills or (not self.report.half_done and self.report.kills < 4 * kills):
            self.round(self._random.choice([1, 1, 2]))
        check.settle(self.folder, list(self._posted.values()))
        self.report.uploads = len(self._posted)
        return self.report

    def round(self, child_count: int) -> None:
        plans = [self.plan() for _ in range(child_count)]
        with ThreadPoolExecutor(child_count) as threads:
            traces = list(threads.map(self.drive, plans))
        for trace in traces:
            self.take(trace)
            if trace.interrupted:
                self.report.interrupted[trace.interrupted] += 1
            for index, (_, result) in trace.ended.items():
                if is_missed(result):
                    assert child_count > 1, f"{result}, although no one else was at work"
                    self.report.missed[trace.plan.commands[index][0]] += 1
        for trace in traces:
            self.check_reads(trace)
        self.report.kills += child_count
        self.look()

    def plan(self) -> Plan:
        if not self.report.kills:  # the tables are not there yet
            return Plan([("set up", 0), ("ingest", self.next_upload())], 0, self._random.random() * 3)
        names = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=self._random.randint(1, 5))
        if names[-1] in {"archive", "compact"}:
            names.insert(0, "ingest")
        commands = [("set up", 0), *((name, self.argument(name)) for name in names)]
        more = [("archive", 0), ("compact", 0), ("collect", 0)]
        return Plan(commands + more, len(commands) - 1, self._random.random() * 1.1)

    def argument(self, name: str) -> int:
        return self.next_upload() if name == "ingest" else self._random.randrange(6)

    def next_upload(self) -> int:
        """Return the number of an upload that was not acknowledged yet, or of a new one."""
        waiting = sorted(self._posted.keys() - self._acknowledged.keys())
        if waiting and self._random.random() < 1 / 2:
            return self._random.choice(waiting)
        number = len(self._posted)
        self._posted[number] = upload(number)
        return number

    def drive(self, plan: Plan) -> Trace:
        """Start a child, kill it where its plan says so, and return what it has said."""
        command = [sys.executable, "-m", "tests.crash.child", str(self.folder), json.dumps(plan.commands)]
        trace = Trace(plan, {}, {})
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            watchdog = threading.Timer(HANGING_S, process.kill)
            watchdog.start()
            for line in process.stdout:
                if not line.endswith("\n"):
                    break  # it was killed while it said so
                word, index, at, *result = json.loads(line)
                if word == "done":
                    trace.ended[index] = (at, result[0])
                    continue
                trace.began[index] = at
                if index == plan.victim:
                    time.sleep(plan.delay * self._usual_s.get(plan.commands[index][0], FIRST_GUESS_S))
                    process.kill()
            watchdog.cancel()
            errors = process.stderr.read()
        assert plan.victim in trace.began, f"a child ended or hung by itself: {plan.commands}, {trace.ended}\n{errors}"
        assert not errors, errors
        return trace

    def take(self, trace: Trace) -> None:
        """Note what a child has acknowledged, and how long its operations took."""
        for index, (at, _) in trace.ended.items():
            name, number = trace.plan.commands[index]
            if name == "ingest":
                self._acknowledged[number] = min(at, self._acknowledged.get(number, at))
            took_s = (at - trace.began[index]) / 1e9
            self._usual_s[name] = (self._usual_s.get(name, took_s) * 3 + took_s) / 4

    def check_reads(self, trace: Trace) -> None:
        """Check that each read gave all that was acknowledged before it began, nothing unknown, and each record once, in order."""
        for index, (_, result) in trace.ended.items():
            if trace.plan.commands[index][0] == "read" and not is_missed(result):
                table, dataset_id, numbers, told = result
                of_dataset = {
                    given.number for given in self._posted.values() if (given.table, given.dataset_id) == (table, dataset_id)
                }
                before = {
                    number for number in of_dataset if self._acknowledged.get(number, trace.began[index]) < trace.began[index]
                }
                assert before <= {*numbers} <= of_dataset
                assert told == digest(in_order(self._posted[number] for number in numbers))

    def look(self) -> None:
        """Count what the killed have left; and after every second round or so check the store as it is, with nothing settled."""
        unfinished = check.unfinished(self.folder)
        self.report.left["unfinished files"] += len(unfinished - self._seen)
        self._seen = unfinished
        if self._random.random() < 1 / 2:
            self.report.left += check.left(self.folder)
            there = check.check(self.folder, list(self._posted.values()), self._acknowledged.keys())
            self.report.left["uploads stored but not acknowledged"] += len(there - self._acknowledged.keys())
