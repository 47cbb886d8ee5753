"""The source that reads a short text and the numbers of a fixed size behind it at once, by the struct for its length."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple

from avro_ocf.compiler.decoding.decode import DecodeEmitter
from avro_ocf.compiler.plans import is_number, struct_of
from avro_ocf.resolution.plan import FieldStep, Plan, ReadMap, ReadPrimitive

LENGTHS: Final = 64
"""Lengths of a text that take one byte."""

NUMBERS_MAX: Final = 16
"""Numbers behind a text; each takes memory in the struct of every length."""

FORMS_KEPT: Final = 64
"""Forms that decoders share."""


class Forms(NamedTuple):
    """What reads a text and numbers behind its length, and how many bytes they all are; both by the length's byte."""

    unpack: tuple[Callable[[bytes, int], tuple[Any, ...]] | None, ...]
    sizes: tuple[int, ...]


@lru_cache(FORMS_KEPT)
def forms_of(numbers: str) -> Forms:
    """Return the forms for numbers as `struct` names them. None has an odd byte, which would be a negative length."""
    structs = [Struct(f"<{length}s{numbers}") for length in range(LENGTHS)]
    return Forms(
        tuple(form.unpack_from if sign == 0 else None for form in structs for sign in range(2)),
        tuple(form.size + 1 for form in structs for _ in range(2)),
    )


def is_text(plan: Plan) -> bool:
    """Tell whether a value is a string or bytes as it is read."""
    return isinstance(plan, ReadPrimitive) and plan.type in {"bytes", "string"} and plan.type == plan.target and not plan.logical


class TextEmitter(DecodeEmitter):
    """Writes a decoder."""

    __slots__ = ()

    def emit_fields(self, steps: Sequence[FieldStep], targets: dict[str, str]) -> None:
        """Read the fields that are written; texts with the numbers after them."""
        start = place = 0
        while place < len(steps):
            end = place + 1
            while end < len(steps) and steps[end].name is not None and is_number(steps[end].plan):
                end += 1
            if 1 < end - place <= NUMBERS_MAX + 1 and steps[place].name is not None and is_text(steps[place].plan):
                super().emit_fields(steps[start:place], targets)
                self.emit_text_and_numbers(steps[place], list(steps[place + 1 : end]), targets)
                start = end
            place = end
        super().emit_fields(steps[start:], targets)

    def emit_text_and_numbers(self, step: FieldStep, run: list[FieldStep], targets: dict[str, str]) -> None:
        """Read a text and the numbers after it."""
        numbers = ", ".join(targets[number.name or ""] for number in run)
        decode = ".decode()" if isinstance(step.plan, ReadPrimitive) and step.plan.type == "string" else ""
        with self.short_text(f"text, {numbers}", struct_of(run).format[1:], f"{targets[step.name or '']} = text{decode}"):
            super().emit_fields([step, *run], targets)

    def emit_entry(self, plan: ReadMap, entries: str) -> None:
        """Read one entry of a map."""
        if not (isinstance(plan.values, ReadPrimitive) and is_number(plan.values)):
            super().emit_entry(plan, entries)
            return
        with self.short_text("text, number", plan.values.type[0], f"{entries}[text.decode()] = number"):
            super().emit_entry(plan, entries)

    def short_text(self, targets: str, numbers: str, statement: str) -> AbstractContextManager[None]:
        """Read a short text and the numbers after it, and do `statement`; return the block for a long one."""
        forms = forms_of(numbers)
        self.add(f"size_byte = {self.octet()}")
        with self.block("if size_byte < 128:"):
            self.add(f"{targets} = {self.bind(forms.unpack, 'unpack')}[size_byte](data, {self.here(1)})", statement)
            self.add(f"pos += {self.bind(forms.sizes, 'sizes')}[size_byte]")
        return self.block("else:")
