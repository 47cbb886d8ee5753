"""The scheduler: it drives coroutines by hand, one port call at a time, and decides what becomes of each call.

No event loop and no thread: an actor is a coroutine that is resumed with `send` and `throw`, and stands at a `Call` in between. So
every await of every operation is a place to switch actors, to lose an answer, or to crash, and a schedule is nothing but the list
of what was decided. The decisions come from elsewhere: from a seed or from an enumeration.
"""

import random
from collections.abc import Callable, Coroutine, Sequence
from enum import Enum
from typing import Any, Final, Protocol, TypeVar

from avro_ocf.errors import OutcomeUnknownError, StoreError, UnavailableError
from tests.hotcold.simulation.world import Call, World

T = TypeVar("T")


class ViolationError(AssertionError):
    """Something that must never be so."""


class Fate(Enum):
    """What becomes of one call."""

    DONE = "done"
    REFUSED = "refused"
    LOST = "done, answer lost"
    LATE = "answer lost, to be done later"
    TWICE = "done twice"
    AGAIN = "done, to be done again later"
    CRASH = "crash before"
    CRASH_DONE = "done, then crash"
    CRASH_LATE = "crash, to be done later"


FAULTS_OF_READS: Final = (Fate.REFUSED, Fate.CRASH)
FAULTS_OF_WRITES: Final = tuple(fate for fate in Fate if fate is not Fate.DONE)
_NOT_DONE: Final = {Fate.REFUSED, Fate.LATE, Fate.CRASH, Fate.CRASH_LATE}
LATER: Final = {Fate.LATE, Fate.AGAIN, Fate.CRASH_LATE}
_CRASHES: Final = {Fate.CRASH, Fate.CRASH_DONE, Fate.CRASH_LATE}
_LOSSES: Final = {Fate.LOST, Fate.LATE}


def faults_of(call: Call) -> tuple[Fate, ...]:
    """Return what can go wrong with a call: a query that is repeated or late is no other than one that is not."""
    return FAULTS_OF_READS if call.is_read else FAULTS_OF_WRITES


class Dice:
    """Choices from a seed. It uses `random()` alone, the one method that Python promises never to change."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def below(self, count: int) -> int:
        """Return a number from 0 to `count - 1`."""
        return int(self._random() * count)

    def pick(self, items: Sequence[T]) -> T:
        """Return one of some items."""
        return items[int(self._random() * len(items))]

    def chance(self, probability: float) -> bool:
        """Return True that often."""
        return self._random() < probability


class Watcher(Protocol):
    """Who looks at the world after each change."""

    def after(self, call: Call) -> None:
        """Raise `ViolationError` for what must not be."""
        ...


class Actor:
    """A coroutine under way, and the call that it stands at; None at its end."""

    __slots__ = ("call", "coroutine", "name")

    def __init__(self, name: str, coroutine: Coroutine[Any, Any, object]) -> None:
        self.name = name
        self.coroutine = coroutine
        self.call: Call | None = None


class Scheduler:
    """The actors of one schedule, the calls that are to happen later, and the trace of what has happened."""

    def __init__(self, world: World, watcher: Watcher) -> None:
        self.world = world
        self.watcher = watcher
        self.actors: list[Actor] = []
        self.late: list[Call] = []
        self.trace: list[tuple[int, str, Call | None, str]] = []

    def start(self, name: str, coroutine: Coroutine[Any, Any, object]) -> Actor:
        """Begin an actor, up to its first call."""
        actor = Actor(name, coroutine)
        self.actors.append(actor)
        self._resume(actor, lambda: coroutine.send(None))
        return actor

    def step(self, actor: Actor, fate: Fate) -> None:
        """Let the actor's call have its fate, and the actor go on to its next call."""
        call = actor.call
        assert call is not None
        self._note(actor.name, call, fate.value)
        self.world.now_ms += 1
        answer: Any = None
        error: StoreError | None = None
        if fate not in _NOT_DONE:
            answer, error = self._apply(call)
            if fate is Fate.TWICE:
                answer, error = self._apply(call)
        if fate in LATER:
            self.late.append(call)
        if fate in _CRASHES:
            self.crash(actor)
            return
        if fate is Fate.REFUSED:
            error = UnavailableError("simulated: nothing was done")
        elif fate in _LOSSES:
            error = OutcomeUnknownError("simulated: the answer was lost")
        if error is None:
            self._resume(actor, lambda: actor.coroutine.send(answer))
        else:
            thrown = error
            self._resume(actor, lambda: actor.coroutine.throw(thrown))

    def crash(self, actor: Actor) -> None:
        """End an actor where it stands."""
        actor.call = None
        actor.coroutine.close()
        self.actors.remove(actor)

    def apply_late(self, index: int) -> None:
        """Let a call happen whose caller has long gone on."""
        call = self.late.pop(index)
        self._note(call.caller.name, call, "done late")
        self._apply(call)

    def drop_late(self, index: int) -> None:
        """Let a call never happen whose caller was left in doubt."""
        call = self.late.pop(index)
        self._note(call.caller.name, call, "never done")

    def pass_time(self, ms: int) -> None:
        """Set the clock forward."""
        self.world.now_ms += ms
        self._note("clock", None, f"+{ms} ms")

    def run_calm(self, name: str, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, with nobody else and without a fault, and return what it returns."""
        answer: Any = None
        error: StoreError | None = None
        try:
            while True:
                call: Call = coroutine.send(answer) if error is None else coroutine.throw(error)
                self._note(name, call, Fate.DONE.value)
                self.world.now_ms += 1
                answer, error = self._apply(call)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except StoreError as failure:
            raise ViolationError(f"{name}, undisturbed, ended with {type(failure).__name__}: {failure}") from failure

    def end(self) -> None:
        """Close every coroutine that has not come to its end."""
        for actor in list(self.actors):
            self.crash(actor)

    def told(self) -> str:
        """Return the trace as text."""
        lines = (f"{now_ms:>9} {name:<12} {call or ''}  -> {fate}" for now_ms, name, call, fate in self.trace)
        return "\n".join(lines)

    def _note(self, name: str, call: Call | None, fate: str) -> None:
        self.trace.append((self.world.now_ms, name, call, fate))

    def _apply(self, call: Call) -> tuple[Any, StoreError | None]:
        try:
            answer = call.act()
        except StoreError as error:
            return None, error
        self.watcher.after(call)
        return answer, None

    def _resume(self, actor: Actor, go_on: Callable[[], Any]) -> None:
        try:
            actor.call = go_on()
        except StopIteration:
            actor.call = None
            self.actors.remove(actor)
        except ViolationError:
            raise
        except Exception as error:
            raise ViolationError(f"{actor.name} ended with {type(error).__name__}: {error}") from error
