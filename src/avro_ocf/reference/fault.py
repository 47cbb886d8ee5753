"""A value at fault, and the path to it, which is put together only once there is a fault."""

import json
from typing import TypeAlias

from avro_ocf.errors import FormatError, ResolutionError

Kind: TypeAlias = type[FormatError] | type[ResolutionError]
"""The public error of a fault in reading."""


class Fault(Exception):  # noqa: N818 - it never leaves the library
    """A value that does not fit, on its way up to the entry point, which raises the public error.

    `kind` and `offset` (the first byte of the value) matter in reading only. Each level adds its step of the path by `within`.
    """

    def __init__(self, message: str, offset: int = 0, kind: Kind = FormatError, steps: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.kind = kind
        self.steps = steps

    def within(self, step: str) -> "Fault":
        """Add `step` in front of the path and return the fault."""
        self.steps = (step, *self.steps)
        return self

    @property
    def path(self) -> str:
        """The path from the root to the value, such as `battle.ships[3].hp`."""
        return "".join(self.steps).removeprefix(".")


def field_step(name: str) -> str:
    """Return the step to a record's field."""
    return f".{name}"


def item_step(index: int) -> str:
    """Return the step to an array's item."""
    return f"[{index}]"


def key_step(key: str) -> str:
    """Return the step to a map's value."""
    return f"[{json.dumps(key, ensure_ascii=False)}]"
