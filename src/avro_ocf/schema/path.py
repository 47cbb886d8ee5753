"""Places inside a schema, for messages.

A path is a linked list, rendered only when an error needs it: text for every node of a hostile schema would cost the square of its
size.
"""

from typing import Final, NamedTuple

from avro_ocf.errors import SchemaError


class Path(NamedTuple):
    """One step below `parent`, the path of the enclosing type; `parent` is None for the root."""

    parent: "Path | None" = None
    step: str = ""

    def field(self, name: str) -> "Path":
        """Return the path of the field `name`."""
        return Path(self, "." + name)

    def item(self) -> "Path":
        """Return the path of an array's items or a map's values."""
        return Path(self, "[]")

    @property
    def text(self) -> str:
        """The whole path, such as `ships[].hp`; the root is ""."""
        steps: list[str] = []
        path: Path | None = self
        while path is not None:
            steps.append(path.step)
            path = path.parent
        return "".join(reversed(steps)).removeprefix(".")

    def error(self, message: str) -> SchemaError:
        """Return a `SchemaError` at this path."""
        return SchemaError(message, self.text)


ROOT: Final = Path()


def shown(value: object) -> str:
    """Return a short text for a piece of a schema, whatever its size."""
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else value[:SHOWN] + "...")
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else f"a number of {value.bit_length()} bits"
    if isinstance(value, list):
        return "an array"
    return "an object" if isinstance(value, dict) else f"a {type(value).__name__}"


SHOWN = 60
"""Characters of a name or string that a message shows."""
