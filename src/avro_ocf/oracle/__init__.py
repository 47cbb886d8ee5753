"""What other implementations of Avro are tested against: strategies, a judge, and checks. See docs/oracle.md.

The `check_...` functions and the strategies `schemas`, `from_schema`, `evolutions`, `containers` and `corruptions` need Hypothesis:
`pip install 'avro-ocf[oracle]'`. All else needs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

# The function of the same name as its module must be bound after it.
from avro_ocf.oracle.judge import Judgement, judge

if TYPE_CHECKING:
    from avro_ocf.oracle.cases import Answer, Broken, Case, Given, Operation, Refused, Unsupported
    from avro_ocf.oracle.checks import (
        Disagreement,
        check_container_reader,
        check_container_writer,
        check_decoder,
        check_encoder,
        check_resolver,
        disagreement,
        disagreements,
    )
    from avro_ocf.oracle.drawing import draw_case, replayed_case, seeded_case
    from avro_ocf.oracle.equality import same
    from avro_ocf.oracle.source import Discarded, ReplaySource, SeededSource, Source
    from avro_ocf.oracle.specification.clauses import Clause, clauses
    from avro_ocf.oracle.specification.tracing import traced
    from avro_ocf.oracle.strategies import containers, corruptions, evolutions, from_schema, schemas

__all__ = [
    "Answer",
    "Broken",
    "Case",
    "Clause",
    "Disagreement",
    "Discarded",
    "Given",
    "Judgement",
    "Operation",
    "Refused",
    "ReplaySource",
    "SeededSource",
    "Source",
    "Unsupported",
    "check_container_reader",
    "check_container_writer",
    "check_decoder",
    "check_encoder",
    "check_resolver",
    "clauses",
    "containers",
    "corruptions",
    "disagreement",
    "disagreements",
    "draw_case",
    "evolutions",
    "from_schema",
    "judge",
    "replayed_case",
    "same",
    "schemas",
    "seeded_case",
    "traced",
]

_LOADED_WHEN_USED = {
    "cases": ("Answer", "Broken", "Case", "Given", "Operation", "Refused", "Unsupported"),
    "checks": (
        "Disagreement",
        "check_container_reader",
        "check_container_writer",
        "check_decoder",
        "check_encoder",
        "check_resolver",
        "disagreement",
        "disagreements",
    ),
    "drawing": ("draw_case", "replayed_case", "seeded_case"),
    "equality": ("same",),
    "source": ("Discarded", "ReplaySource", "SeededSource", "Source"),
    "specification.clauses": ("Clause", "clauses"),
    "specification.tracing": ("traced",),
    "strategies": ("containers", "corruptions", "evolutions", "from_schema", "schemas"),
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used, so that a testee's process loads no more than it needs."""
    for module, names in _LOADED_WHEN_USED.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
