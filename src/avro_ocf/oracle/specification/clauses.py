"""The sentences of the Avro 1.12.0 specification that say what must be so, each with an id.

They are in `clauses.tsv`: a line `# section` with the reason, if any, why no case can exercise the section's sentences; then a line
of each sentence with its id, the sentence, and such a reason of its own. What is left out of a sentence is marked `[...]`.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple


class Clause(NamedTuple):
    """A sentence of the specification. `out_of_reach` is the reason why no case exercises it; "" when cases do."""

    id: str
    section: str
    sentence: str
    out_of_reach: str


@cache
def clauses() -> Mapping[str, Clause]:
    """Return every clause by its id, in the specification's order."""
    found: dict[str, Clause] = {}
    section = reason = ""
    for line in files(__package__).joinpath("clauses.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            section, _, reason = line[2:].partition("\t")
            continue
        name, sentence, *own = line.split("\t")
        found[name] = Clause(name, section, sentence, own[0] if own else reason)
    return MappingProxyType(found)


def reachable() -> frozenset[str]:
    """Return the ids of the clauses that cases can exercise."""
    return frozenset(clause.id for clause in clauses().values() if not clause.out_of_reach)


def ordered(ids: Iterable[str]) -> tuple[str, ...]:
    """Return ids of clauses, each once, sorted. Raises `KeyError` for one that is unknown."""
    known = clauses()
    return tuple(sorted({known[name].id for name in ids}))
