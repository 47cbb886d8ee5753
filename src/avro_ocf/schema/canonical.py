"""The Parsing Canonical Form: one text for all schemas that read the same bytes.

Specification, "Transforming into Parsing Canonical Form".
"""

import json

from avro_ocf.schema.measure import children
from avro_ocf.schema.model import Array, Enum, Fixed, Logical, Map, Named, Node, Record, Union


def canonical_form(node: Node) -> str:
    """Return the Parsing Canonical Form of `node`: fullnames, no attribute that reading does not need, and no white space.

    A named type is written out where it first occurs, and is its fullname afterwards. An error is a record.
    """
    return _form(node, set())


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


def _form(node: Node, written: set[str]) -> str:
    if isinstance(node, Named):
        name = _text(node.fullname)
        if node.fullname in written:
            return name
        written.add(node.fullname)
        return f'{{"name":{name},{_definition(node, written)}}}'
    match node:
        case Array():
            return f'{{"type":"array","items":{_form(node.items, written)}}}'
        case Map():
            return f'{{"type":"map","values":{_form(node.values, written)}}}'
        case Union():
            return f"[{','.join([_form(branch, written) for branch in node.branches])}]"
    return f'"{node.type}"'


def _definition(node: Named, written: set[str]) -> str:
    """Return what follows the name of a named type, in the order of rule ORDER: type, fields, symbols, size."""
    match node:
        case Record():
            fields = [f'{{"name":{_text(field.name)},"type":{_form(field.node, written)}}}' for field in node.fields]
            return f'"type":"record","fields":[{",".join(fields)}]'
        case Enum():
            return f'"type":"enum","symbols":[{",".join(map(_text, node.symbols))}]'
        case Fixed():
            return f'"type":"fixed","size":{node.size}'
    raise AssertionError(node)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
