"""Hypothesis strategies for schemas, values, evolved schemas and damaged bytes, and the equality that goes with them."""

from tests.strategies.damage import damaged
from tests.strategies.equality import same
from tests.strategies.evolution import evolutions
from tests.strategies.schema_objects import schemas
from tests.strategies.values import datums

__all__ = ["damaged", "datums", "evolutions", "same", "schemas"]
