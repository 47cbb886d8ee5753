"""Names that nearly match, for the errors of schemas that do not resolve."""

from collections.abc import Iterable

from avro_ocf.resolution.matching import Pair
from avro_ocf.schema.hints import closest
from avro_ocf.schema.model import Named, Node, Record, Union
from avro_ocf.schema.path import shown


def reason_with_hint(pair: Pair) -> str:
    """Return why a pair fails, and if a name or an alias is all but the writer's, that it is."""
    return pair.reason + _hint(pair)


def _hint(pair: Pair) -> str:
    field = pair.missing
    if field is not None and isinstance(pair.writer, Record):
        return _nearly((field.name, *field.aliases), "field", [written.name for written in pair.writer.fields])
    if isinstance(pair.writer, Named):
        readers = pair.reader.branches if isinstance(pair.reader, Union) else (pair.reader,)
        return _nearly(_names(readers, pair.writer), pair.writer.type, [pair.writer.fullname])
    return ""


def _names(readers: Iterable[Node], writer: Named) -> list[str]:
    """Return the names of the types that are of the writer's kind, but for their names."""
    names: list[str] = []
    for reader in readers:
        if isinstance(reader, Named) and type(reader) is type(writer) and reader.short_name != writer.short_name:
            names += [*reader.aliases, reader.fullname]
    return [] if writer.fullname in names else names


def _nearly(names: Iterable[str], what: str, written: list[str]) -> str:
    for name in names:
        short = name.rpartition(".")[2]
        near = next((other for other in written if other != name and other.rpartition(".")[2] == short), None)
        near = near or closest(name, written)
        if near is not None:
            return f"; the writer has the {what} {shown(near)}, nearly {shown(name)}: only an alias of exactly that name matches it"
    return ""
