"""Hypothesis strategies for Avro schemas, values, evolved schemas, files and damaged files. Needs `hypothesis`."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from hypothesis import reject
from hypothesis import strategies as st

from avro_ocf.api import Schema, parse_schema
from avro_ocf.oracle.generators.evolutions import Evolution, draw_evolution
from avro_ocf.oracle.generators.schemas import draw_schema
from avro_ocf.oracle.generators.values import draw_value
from avro_ocf.oracle.source import DOUBLES, INT_BOUNDS, LONG_BOUNDS, TEXTS, Discarded, Source
from avro_ocf.schema.model import Node

if TYPE_CHECKING:
    from avro_ocf.oracle.generators.containers import Container
    from avro_ocf.oracle.generators.corruptions import Corruption

P = ParamSpec("P")
T = TypeVar("T")

_CHARACTERS = st.characters(exclude_categories=["Cs"])
_INTS = st.integers(-(2**31), 2**31 - 1)
_LONGS = st.integers(-(2**63), 2**63 - 1)
_FLOATS = st.floats(width=32)
_DOUBLES = st.floats()


@lru_cache(256)
def _below(stop: int) -> st.SearchStrategy[int]:
    return st.integers(0, stop - 1)


@lru_cache(64)
def _text(most: int) -> st.SearchStrategy[str]:
    return st.text(_CHARACTERS, max_size=most)


@lru_cache(64)
def _binary(least: int, most: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=least, max_size=most)


@st.composite
def _part(draw: st.DrawFn, generator: Callable[[Source], T]) -> T:
    return generator(HypothesisSource(draw))


class HypothesisSource(Source):
    """Choices by Hypothesis: `draw` is what `composite` gives. Values of the common types are drawn in one go, for speed."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def below(self, stop: int) -> int:
        """Return a whole number below `stop`."""
        return self._draw(_below(stop)) if stop > 1 else 0

    def part(self, generator: Callable[[Source], T]) -> T:
        """Draw a part, which Hypothesis may put in the place of one around it."""
        return self._draw(_part(generator))

    def text(self, most: int = 8) -> str:
        """Return a string of at most `most` characters, without surrogates."""
        return self._or(self._draw(_text(most)), [text for text in TEXTS if len(text) <= most])

    def binary(self, least: int = 0, most: int = 8) -> bytes:
        """Return from `least` to `most` bytes."""
        return self._draw(_binary(least, most))

    def _or(self, drawn: T, special: Sequence[T]) -> T:
        # What is drawn comes first, for it to be there to shrink when the special value is given up.
        index = self.below(2 * len(special)) - len(special)
        return drawn if index < 0 else special[index]

    def double(self) -> float:
        """Return a value of the Avro type `double`, often a special one."""
        return self._or(self._draw(_DOUBLES), DOUBLES)

    def long(self) -> int:
        """Return a value of the Avro type `long`, often at a bound."""
        return self._or(self._draw(_LONGS), LONG_BOUNDS)

    # The last two, for below them their names are no types.

    def float(self) -> float:
        """Return a value of the Avro type `float`."""
        return self._draw(_FLOATS)

    def int(self) -> int:
        """Return a value of the Avro type `int`, often at a bound."""
        return self._or(self._draw(_INTS), INT_BOUNDS)


def strategy(generator: Callable[Concatenate[Source, P], T], *args: P.args, **kwargs: P.kwargs) -> st.SearchStrategy[T]:
    """Return the strategy that draws what `generator(source, *args, **kwargs)` returns."""

    @st.composite
    def drawn(draw: st.DrawFn) -> T:
        try:
            return generator(HypothesisSource(draw), *args, **kwargs)
        except Discarded:
            reject()

    return drawn()


def schemas(*, logical: bool = True, recursive: bool = True, large: bool = True, max_leaves: int = 8) -> st.SearchStrategy[Any]:
    """Return a strategy for valid schemas, as JSON objects, that some value fits.

    `logical` lets in logical types, some of them invalid or unknown, which readers ignore; `recursive` lets records hold
    themselves. A schema has about `max_leaves` primitives, enums and fixeds; `large` lets in, now and then, one of 65 to 300
    fields, branches or symbols, or one nested deeply.

    Examples shrink towards `"null"`, records without fields, and short names.
    """
    return strategy(draw_schema, logical=logical, recursive=recursive, large=large, max_leaves=max_leaves)


def from_schema(schema: object, *, logical_types: bool = True, huge: bool = True, branches: bool = False) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of `schema`, each the very value that `Schema.decode` gives back, by `same`.

    `schema` is a JSON object or text, a `Schema`, or its `node`. With `logical_types=False`, which counts for JSON only, all values
    are raw. `huge` lets in, now and then, a string or bytes of 20,000, or 300 items. Values at the bounds of their types are
    frequent; those of unions are bare, and such that no other branch changes them. With `branches` each is the very value that
    `decode` with `branches` gives back instead, of any branch.

    Examples shrink towards the first branch, empty arrays and maps, and zeros.
    """
    node = schema if isinstance(schema, Node) else _parsed(schema, logical_types=logical_types).node
    return strategy(draw_value, node, huge=huge, branches=branches)


def _parsed(schema: object, *, logical_types: bool) -> Schema:
    return schema if isinstance(schema, Schema) else parse_schema(schema, logical_types=logical_types)


def evolutions(schema: object) -> st.SearchStrategy[Evolution]:
    """Return a strategy for what a writer's `schema`, a JSON object, might become for a reader: some of it legal, some not.

    An `Evolution` has the `reader_schema`, the `verdict` on the two, and by `project(value)` what the reader is to make of a value.
    Examples shrink towards `schema` itself as the reader's.
    """
    return strategy(draw_evolution, schema).map(lambda reader_schema: Evolution(schema, reader_schema))


def containers(*, schema: object = None, codecs: Sequence[str] = ("null", "deflate")) -> "st.SearchStrategy[Container]":
    """Return a strategy for object container files, plain and unusual, of `schema` or of any, compressed with one of `codecs`.

    Examples shrink towards a plain file of one block with one record.
    """
    from avro_ocf.oracle.generators.containers import draw_container

    return strategy(draw_container, schema=schema, codecs=codecs)


def corruptions(container: "Container") -> "st.SearchStrategy[Corruption]":
    """Return a strategy for damaged copies of `container`, each with the verdict on it.

    Each has its `verdict`, the `offset` of the damage, and the records that it `expected` where it may be read. Examples shrink
    towards a file that lacks its last byte.
    """
    from avro_ocf.oracle.generators.corruptions import draw_corruption

    return strategy(draw_corruption, container)
