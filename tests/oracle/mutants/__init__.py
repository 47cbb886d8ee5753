"""Deliberately broken codecs, by theme. Each has a defect that some Avro library had, or nearly."""

from tests.oracle.mutants import blocks, containers, defaults, evolution, logical, numbers, texts, times, unions, writers
from tests.oracle.mutants.registry import MUTANTS, Check

THEMES = (blocks, containers, defaults, evolution, logical, numbers, texts, times, unions, writers)

__all__ = ["MUTANTS", "THEMES", "Check"]
