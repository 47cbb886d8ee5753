"""A codec in a process of its own, which answers a line of JSON with a line of JSON, whatever else it may do."""

import json
import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, monotonic_ns
from typing import IO, Any, Final, Self, cast

from avro_ocf.oracle.cases import Broken
from avro_ocf.oracle.telling import line as printable

TIMEOUT_MS: Final = 10_000
MEMORY_BYTES: Final = 1024 * 1024 * 1024
ANSWER_BYTES: Final = 16 * 1024 * 1024
"""Bytes of the longest line that is taken for an answer."""

_LAST_WORDS_BYTES: Final = 2048
_CHUNK_BYTES: Final = 1 << 16
_LOOK_S: Final = 0.05
"""How often a process that does not answer is looked at."""

_GRACE_S: Final = 1.0
"""How long a process may take to end after the end of its input, or to say why it ended."""


class CodecProcess:
    """A process that is asked one request at a time: started for the first one, and again after each that it fails to answer.

    It needs an operating system with process groups, and the bound on memory needs `/proc` as Linux has it. `starts` counts.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout_ms: int = TIMEOUT_MS,
        memory_bytes: int = MEMORY_BYTES,
        answer_bytes: int = ANSWER_BYTES,
    ) -> None:
        self.command = command
        self.timeout_ms = timeout_ms
        self.memory_bytes = memory_bytes
        self.answer_bytes = answer_bytes
        self.starts = 0
        self._id = 0
        self._running: _Running | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, request: Mapping[str, object]) -> dict[str, Any] | Broken:
        """Return the answer to a request, or why there is none. Raises `OSError` when the command cannot be started."""
        if self._running is None:
            self._running = _Running(self.command)
            self.starts += 1
        self._id += 1
        line = self._running.ask(json.dumps({"id": self._id, **request}).encode() + b"\n", self)
        answer = line if isinstance(line, Broken) else self._checked(line, is_read=not self._running.input)
        if isinstance(answer, Broken):
            self._running.kill()
            words = self._running.last_words()
            self._running = None
            return Broken(f"{answer.reason}; stderr: {words}" if words else answer.reason)
        return answer

    def close(self) -> None:
        """End the process: it gets the end of its input, and a moment later its group and children are killed."""
        if self._running is not None:
            family = self._running.family()  # once the process has ended, its children are no more to be told
            self._running.stdin.close()
            self._running.wait()
            self._running.kill(family)
            self._running = None

    def _checked(self, line: bytes, *, is_read: bool) -> dict[str, Any] | Broken:
        """Return the answer on a line, or why it is none."""
        shown = repr(line[:80].decode("utf-8", "replace"))
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            return Broken(f"not JSON: {shown}")
        if type(answer) is not dict or len(answer.keys() & {"ok", "error", "unsupported"}) != 1:
            return Broken(f"not an object with one of ok, error and unsupported: {shown}")
        if type(answer.get("id")) is not int or answer["id"] != self._id:
            return Broken(f"not the id {self._id}: {shown}")
        if not is_read:
            return Broken(f"an answer before the request was read: {shown}")
        return answer


class _Running:
    """A process from its start to its end, and the pipes to it. `input` is what it has not read yet of the request."""

    def __init__(self, command: Sequence[str]) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(  # noqa: S603 - it is what the user wants to run
            command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
        )
        self.stdin, self._stdout, self._stderr = (
            cast("IO[bytes]", stream) for stream in (self._process.stdin, self._process.stdout, self._process.stderr)
        )
        self.input = b""
        self._output = bytearray()
        self._errors = b""
        self._is_closed = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ, self._read_output)
        self._selector.register(self._stderr, selectors.EVENT_READ, self._read_errors)
        for stream in (self.stdin, self._stdout, self._stderr):
            os.set_blocking(stream.fileno(), False)

    def ask(self, line: bytes, limits: CodecProcess) -> bytes | Broken:
        """Return the line that is written after `line` was given, or why there is none."""
        self.input = line
        self._selector.register(self.stdin, selectors.EVENT_WRITE, self._write)
        deadline_ns = monotonic_ns() + limits.timeout_ms * 1_000_000  # a whole number, however long that is
        look = monotonic() + _LOOK_S
        searched = 0
        while (end := self._output.find(b"\n", searched)) < 0:
            searched = len(self._output)
            if searched > limits.answer_bytes:
                return Broken(f"more than {limits.answer_bytes} bytes on one line")
            is_quiet = not self._serve(_LOOK_S)
            if self._is_closed:
                return self._end()
            now = monotonic()
            if monotonic_ns() > deadline_ns:
                return Broken(f"nothing within {limits.timeout_ms} ms")
            if now > look:
                look = now + _LOOK_S
                if is_quiet and self._code() is not None:  # though a child of it holds the pipe
                    return self._end()
                if _memory_bytes(self.family()) > limits.memory_bytes:
                    return Broken(f"more than {limits.memory_bytes} bytes of memory")
        if end > limits.answer_bytes:
            return Broken(f"more than {limits.answer_bytes} bytes on one line")
        answer = bytes(self._output[:end])
        del self._output[: end + 1]
        return answer

    def _serve(self, timeout_s: float) -> bool:
        """Move what can be moved between the pipes and here; return whether there was anything."""
        ready = self._selector.select(timeout_s)
        for key, _ in ready:
            key.data()
        return bool(ready)

    def _write(self) -> None:
        try:
            self.input = self.input[os.write(self.stdin.fileno(), self.input[:_CHUNK_BYTES]) :]
        except BrokenPipeError:  # how it ended is told when its output ends
            self._selector.unregister(self.stdin)
        else:
            if not self.input:
                self._selector.unregister(self.stdin)

    def _read_output(self) -> None:
        data = os.read(self._stdout.fileno(), _CHUNK_BYTES)
        self._output += data
        if not data:
            self._is_closed = True
            self._selector.unregister(self._stdout)

    def _read_errors(self) -> None:
        data = os.read(self._stderr.fileno(), _CHUNK_BYTES)
        self._errors = (self._errors + data)[-_LAST_WORDS_BYTES:]
        if not data:
            self._selector.unregister(self._stderr)

    def last_words(self) -> str:
        """Return the last line of stderr."""
        lines = [line for line in self._errors.decode("utf-8", "replace").splitlines() if line.strip()]
        return printable(lines[-1], 200) if lines else ""

    def _end(self) -> Broken:
        """Tell how the process ended, or that it only closed its output."""
        self.wait()
        code = self._code()
        if code is None:
            return Broken("closed its output")
        names = {number.value: number.name for number in signal.Signals}  # some signals have none
        return Broken(f"ended with exit code {code}" if code >= 0 else f"ended by {names.get(-code, f'signal {-code}')}")

    def _code(self) -> int | None:
        """Return the exit code, or minus the signal, if the process has ended. It stays a zombie, which keeps its group's id."""
        result = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if result is None:
            return None
        return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status

    def wait(self) -> None:
        """Wait a moment for the process to end, and read meanwhile what it says."""
        deadline = monotonic() + _GRACE_S
        while monotonic() < deadline:
            is_over = self._code() is not None
            if not self._serve(_LOOK_S / 10) and is_over:
                return
            self._output.clear()

    def family(self) -> list[int]:
        """Return the process and those that come from it."""
        found = [self._process.pid]
        for pid in found:
            try:
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    found += map(int, (thread / "children").read_text().split())
            except OSError:  # it is over, or the system has no such files
                continue
        return found

    def kill(self, others: Sequence[int] = ()) -> None:
        """Kill the process, its group, its children and `others`, and wait for its end."""
        kills = [
            (os.killpg, self._process.pid),
            *((os.kill, pid) for pid in {*self.family(), *others}),
        ]  # some may have left the group
        for kill, pid in kills:
            try:
                kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        self._selector.close()
        for stream in (self.stdin, self._stdout, self._stderr):
            stream.close()
        self._process.wait()


def _memory_bytes(pids: Sequence[int]) -> int:
    """Return the resident bytes of some processes."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")
