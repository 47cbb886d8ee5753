"""Every reason why a reader's schema may fail on what a writer's schema writes."""

from typing import Final, NamedTuple

from avro_ocf.resolution.matching import Matching, Pair
from avro_ocf.schema.model import Enum, Node
from avro_ocf.schema.path import ROOT, Path

REASONS: Final = 1000
"""Reasons that are collected before the search stops."""

HINTS: Final = 20
"""Reasons that names which nearly match are sought for: it takes time for each name there is."""


class Incompatibility(NamedTuple):
    """One reason, and the `path` of the reader's type it holds for, such as `ships[].hp`."""

    path: str
    reason: str


def incompatibilities(writer: Node, reader: Node, *, any_bytes: bool = False) -> list[Incompatibility]:
    """Return why some data of `writer` cannot be read as `reader`: each reason once, with one path that leads to it.

    When there is none, every datum of `writer` resolves, but for bytes to be read as a string that are no UTF-8. Writer's union
    branches and enum symbols that the reader has no place for count, though `resolve` accepts them; with `any_bytes`, so do bytes
    that are read as a string. Raises `ResolutionError` for
    schemas that take too many comparisons. Stops after about `REASONS`.
    """
    found: list[Incompatibility] = []
    waiting: list[tuple[Path, Pair]] = [(ROOT, Matching(writer, reader).root)]
    seen: set[int] = set()
    while waiting and len(found) < REASONS:
        path, pair = waiting.pop()
        if id(pair) in seen:
            continue
        seen.add(id(pair))
        needs = _parts(pair)
        waiting.extend((path._replace(parent=path, step=step), need) for step, need in reversed(needs))
        if not needs:
            hints = len(found) < HINTS
            found.extend(Incompatibility(path.text, reason) for reason in _reasons(pair, any_bytes=any_bytes, hints=hints))
    return found


def _parts(pair: Pair) -> "list[tuple[str, Pair]]":
    """Return the pairs that tell what is wrong with this one."""
    if not pair.is_choice:
        return list(pair.needs)
    if pair.matches:
        return [("", pair.chosen)]
    return list(pair.needs) if pair.blame else []


def _reasons(pair: Pair, *, any_bytes: bool, hints: bool) -> list[str]:
    if not pair.matches:
        from avro_ocf.resolution.hints import reason_with_hint

        return [reason_with_hint(pair) if hints else pair.reason]
    if any_bytes and (pair.writer.type, pair.reader.type) == ("bytes", "string"):
        return ["bytes are not always UTF-8, as a string is"]
    if isinstance(pair.writer, Enum) and isinstance(pair.reader, Enum) and pair.reader.default is None:
        return [f"the reader has no symbol {symbol}" for symbol in pair.writer.symbols if symbol not in pair.reader.positions]
    return []
