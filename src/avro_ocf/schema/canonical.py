"""The Parsing Canonical Form: one text for all schemas that read the same bytes.

Specification, "Transforming into Parsing Canonical Form".
"""

import json

from avro_ocf.schema.measure import children
from avro_ocf.schema.model import Array, Enum, Fixed, Logical, Map, Named, Node, Record, Union


def canonical_form(root: Node) -> str:
    """Return the Parsing Canonical Form of `root`: fullnames, no attribute that reading does not need, and no white space.

    A named type is written out where it first occurs, and is its fullname afterwards. An error is a record.
    """
    texts: list[str] = []
    written: set[str] = set()
    waiting: list[str | Node] = [root]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, str):
            texts.append(piece)
        elif isinstance(piece, Named) and piece.fullname in written:
            texts.append(_text(piece.fullname))
        else:
            written.add(piece.name)
            waiting.extend(reversed(_pieces(piece)))
    return "".join(texts)


def logical_types(root: Node) -> list[Logical | None]:
    """Return the logical type of every type in `root`, in the order of the canonical form, which leaves them out."""
    found: list[Logical | None] = []
    written: set[str] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        found.append(node.logical)
        if isinstance(node, Named):
            if node.fullname in written:
                continue
            written.add(node.fullname)
        waiting.extend(reversed(children(node)))
    return found


def _pieces(node: Node) -> list[str | Node]:
    """Return a type's text, with the types inside it in their places; attributes are in the order of rule ORDER."""
    match node:
        case Record():
            pieces: list[str | Node] = [f'{{"name":{_text(node.fullname)},"type":"record","fields":[']
            for index, field in enumerate(node.fields):
                pieces += [f'{"," if index else ""}{{"name":{_text(field.name)},"type":', field.node, "}"]
            return [*pieces, "]}"]
        case Enum():
            return [f'{{"name":{_text(node.fullname)},"type":"enum","symbols":[{",".join(map(_text, node.symbols))}]}}']
        case Fixed():
            return [f'{{"name":{_text(node.fullname)},"type":"fixed","size":{node.size}}}']
        case Array():
            return ['{"type":"array","items":', node.items, "}"]
        case Map():
            return ['{"type":"map","values":', node.values, "}"]
        case Union():
            pieces = ["["]
            for index, branch in enumerate(node.branches):
                pieces += ["," if index else "", branch]
            return [*pieces, "]"]
    return [f'"{node.type}"']


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
