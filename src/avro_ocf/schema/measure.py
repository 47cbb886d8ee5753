"""Facts about a schema's values that hold before any is seen."""

from avro_ocf.schema.model import Array, Fixed, Map, Node, Record, Union
from avro_ocf.varint import encode_long


def children(node: Node) -> tuple[Node, ...]:
    """Return the types directly inside `node`."""
    match node:
        case Record():
            return tuple(field.node for field in node.fields)
        case Array():
            return (node.items,)
        case Map():
            return (node.values,)
        case Union():
            return node.branches
    return ()


def nodes(root: Node) -> list[Node]:
    """Return every node reachable from `root`, each once, `root` first."""
    found: dict[int, Node] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in found:
            found[id(node)] = node
            waiting.extend(reversed(children(node)))
    return list(found.values())


def has_choice(union: Union) -> bool:
    """Tell whether a value of `union` that is not null may be one of several branches, so that it is to be told which."""
    return sum(branch.type != "null" for branch in union.branches) > 1


def has_custom(root: Node) -> bool:
    """Tell whether a datum may have a value that a function of the user's converts."""
    return any(node.logical is not None and node.logical.custom is not None for node in nodes(root))


MOST_ZERO_BYTE_VALUES = 2**62
"""Counts stop here: past any limit, and no larger number to carry along."""


def zero_byte_values(node: Node) -> int:
    """Return how many values one value of `node` holds, itself included, if it takes no byte at all; 0 if it takes bytes.

    Thirty records of two fields each, nested, are 2**30 values in no byte: this number is what a reader is charged for them. A
    record that holds itself has no value at all and is taken for one that takes bytes.
    """
    if isinstance(node, Record):
        if node.zero_byte_values is None:
            _count_in_records(node)
        return node.zero_byte_values or 0
    return int(node.type == "null" or (isinstance(node, Fixed) and node.size == 0))


def _count_in_records(root: Record) -> None:
    """Set `zero_byte_values` of `root` and of every record directly inside it, the innermost first."""
    begun: set[int] = set()
    waiting = [root]
    while waiting:
        record = waiting[-1]
        inner = [field.node for field in record.fields]
        if record.zero_byte_values is None and id(record) not in begun:
            begun.add(id(record))
            waiting.extend(node for node in inner if isinstance(node, Record) and id(node) not in begun)
            continue
        waiting.pop()
        if record.zero_byte_values is None:
            # One that is begun but not counted holds this record, as this one holds it.
            counts = [node.zero_byte_values or 0 if isinstance(node, Record) else zero_byte_values(node) for node in inner]
            record.zero_byte_values = min(1 + sum(counts), MOST_ZERO_BYTE_VALUES) if all(counts) else 0


FREE_ZERO_BYTE_VALUES = 64
"""So many zero-byte values may stand in a record, a map entry or a union branch uncharged: the bytes beside them pay."""


def field_charge(record: Record) -> int:
    """Return what the zero-byte fields of one value of `record` are charged, where the record itself takes bytes."""
    if zero_byte_values(record):
        return 0
    charge = sum(zero_byte_values(field.node) for field in record.fields)
    return charge if charge > FREE_ZERO_BYTE_VALUES else 0


def value_charge(node: Node) -> int:
    """Return what one map value or union branch of type `node` is charged."""
    charge = zero_byte_values(node)
    return charge if charge > FREE_ZERO_BYTE_VALUES else 0


def is_charged(root: Node) -> bool:
    """Tell whether a datum may hold far more values than bytes, so that its zero-byte values must be counted.

    That is so when `root` takes no byte, when an array has items that take none, or when a record, map or union is charged.
    """
    if zero_byte_values(root):
        return True
    for node in nodes(root):
        match node:
            case Record() if field_charge(node):
                return True
            case Array() if zero_byte_values(node.items):
                return True
            case Map() if value_charge(node.values):
                return True
            case Union() if any(value_charge(branch) for branch in node.branches):
                return True
    return False


MOST_LEAST_BYTES = 2**62
"""Sizes stop here, as counts do."""


def least_bytes(root: Node) -> int:
    """Return a size in bytes that no value of `root` is below: that of the smallest, or less where records hold themselves.

    Records are sums, a union is its smallest branch with its index, arrays, maps, texts and varints can be one byte.
    """
    least: dict[int, int] = {}
    begun: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting[-1]
        if id(node) in begun:
            waiting.pop()
            least.setdefault(id(node), _least_of(node, least))
        else:
            begun.add(id(node))
            if isinstance(node, Record | Union):
                waiting.extend(child for child in children(node) if id(child) not in begun)
    return least[id(root)]


def _least_of(node: Node, least: dict[int, int]) -> int:
    """Return what `least_bytes` is for `node`, given it for what is directly inside; what is not yet known holds `node` itself."""
    match node:
        case Record():
            return min(sum(least.get(id(field.node), 0) for field in node.fields), MOST_LEAST_BYTES)
        case Union():
            sizes = (len(encode_long(index)) + least.get(id(branch), 0) for index, branch in enumerate(node.branches))
            return min(sizes, default=0)
        case Fixed():
            return node.size
    return _LEAST_OF_TYPES.get(node.type, 1)


_LEAST_OF_TYPES = {"null": 0, "float": 4, "double": 8}
