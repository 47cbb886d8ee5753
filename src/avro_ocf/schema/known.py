"""Named types of other documents, written into the schema that uses them.

Each document is taken apart first: `_Use` stands for the types that a definition holds or uses, and at the root. Then the schema's
root is put together again, each definition where it is first used, so that nothing is written twice, whoever uses whom.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from avro_ocf.errors import SchemaError
from avro_ocf.schema.model import PRIMITIVES
from avro_ocf.schema.names import definition_name, namespace_of, qualify
from avro_ocf.schema.path import ROOT, Path, shown

NAMED: Final = ("record", "error", "enum", "fixed")
INNER: Final = {"array": "items", "map": "values"}


def with_known(obj: object, known: Iterable[object]) -> object:
    """Return the schema `obj` with the named types that it uses and does not define, from the schemas `known`, all decoded JSON.

    What is wrong, or lacks in all, is left for the parser to tell. Raises `SchemaError` for a type that is needed and that two of
    `known` define differently.
    """
    types: dict[str, list[Any]] = {}
    try:
        for other in known:
            document = _Document(is_main=False)
            document.apart(other, "")
            for name, definition in document.definitions.items():
                types.setdefault(name, []).append(definition)
        main = _Document(is_main=True)
        root = main.apart(obj, "")
        return _Whole(main.definitions, types).together(root, "")
    except RecursionError:
        raise SchemaError("nested too deeply for Python's stack") from None


class _Use(NamedTuple):
    """A name in place of a type: as it is written, what fullnames it may stand for, the likeliest first, and where it stands."""

    name: str
    candidates: tuple[str, ...]
    is_main: bool


def _inner(obj: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of what describes a type, with `change` made to each type directly inside."""
    if isinstance(obj, list):
        return [change(branch) for branch in obj]
    if not isinstance(obj, dict):
        return obj
    kind = obj.get("type")
    if not isinstance(kind, str):
        return {**obj, "type": change(kind)} if "type" in obj else obj
    if kind in INNER:
        key = INNER[kind]
        return {**obj, key: change(obj[key])} if key in obj else obj
    if kind not in NAMED:
        return {**obj, "type": change(kind)}
    fields = obj.get("fields")
    if kind in {"enum", "fixed"} or not isinstance(fields, list):
        return obj
    with_type = [isinstance(field, dict) and "type" in field for field in fields]
    return {
        **obj,
        "fields": [
            {**field, "type": change(field["type"])} if has_type else field
            for field, has_type in zip(fields, with_type, strict=True)
        ],
    }


class _Document:
    """One schema taken apart: its `definitions` by fullname, each with `_Use` for what it uses."""

    __slots__ = ("definitions", "is_main")

    def __init__(self, *, is_main: bool) -> None:
        self.definitions: dict[str, Any] = {}
        self.is_main = is_main

    def apart(self, obj: Any, space: str) -> Any:
        """Return the type `obj`, inside the namespace `space`, with uses in place of definitions, which are kept."""
        if isinstance(obj, str):
            if obj in PRIMITIVES:
                return obj
            candidates = (qualify(obj, space), obj)
            return _Use(obj, next(((name,) for name in candidates if name in self.definitions), candidates), self.is_main)
        name = _name(obj, space)
        if name is None:
            return _inner(obj, lambda inner: self.apart(inner, space))
        if name in self.definitions:
            return obj
        self.definitions[name] = obj  # so that it is known inside itself
        self.definitions[name] = _inner(obj, lambda inner: self.apart(inner, namespace_of(name)))
        return _Use(name, (name,), self.is_main)


class _Whole:
    """A schema put together from its own definitions and those known; `written` are the names defined so far."""

    __slots__ = ("known", "own", "written")

    def __init__(self, own: dict[str, Any], known: dict[str, list[Any]]) -> None:
        self.own = own
        self.known = known
        self.written: set[str] = set()

    def together(self, obj: Any, space: str) -> Any:
        """Return the type `obj`, inside the namespace `space`, with the definitions of what it uses."""
        return self.use(obj, space) if isinstance(obj, _Use) else _inner(obj, lambda inner: self.together(inner, space))

    def use(self, use: _Use, space: str) -> Any:
        name = self.target(use)
        if name is None:
            return use.name
        if name in self.written:
            return self.reference(use.name, name, space)
        self.written.add(name)
        definition = self.definition(name)
        whole = _inner(definition, lambda inner: self.together(inner, namespace_of(name)))
        return whole if _name(definition, space) == name else _explicit(whole, name)

    def target(self, use: _Use) -> str | None:
        """Return the fullname that is meant, or None: a type that nobody defines, or that the schema itself defines too late."""
        for name in use.candidates:
            if name in self.own:
                if not use.is_main or len(use.candidates) == 1:
                    return name
            elif name in self.known:
                return name
        return None

    def definition(self, name: str) -> Any:
        if name in self.own:
            return self.own[name]
        first, *others = self.known[name]
        settled = self.settled(first)
        if any(_explicit(self.settled(other), name) != _explicit(settled, name) for other in others):
            raise SchemaError(f"the known schemas define {shown(name)} in different ways")
        return first

    def settled(self, obj: Any) -> Any:
        """Return a type with the fullnames of what it uses, however its document writes them."""
        return _Target(self.target(obj) or obj.name) if isinstance(obj, _Use) else _inner(obj, self.settled)

    def reference(self, written: str, name: str, space: str) -> str:
        """Return what the type `name`, defined by now, is called inside a namespace: as it is `written` there, if that is right."""
        for call in (written, name):
            found = qualify(call, space)
            if (found if found in self.written else call) == name:
                return call
        raise SchemaError(f"{shown(name)} without a namespace cannot be told from {shown(qualify(name, space))}: give it one")


class _Target(NamedTuple):
    """A fullname in place of a type, where definitions are compared."""

    name: str


def _name(obj: Any, space: str) -> str | None:
    """Return the fullname of the named type that `obj` defines, or None if it defines none, or none that has a name."""
    if not isinstance(obj, dict) or obj.get("type") not in NAMED:
        return None
    try:
        return definition_name(obj, space, ROOT, _pass)
    except SchemaError:
        return None


def _pass(_message: str, _path: Path) -> None:
    pass


def _explicit(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a definition with a name that is the same inside any namespace."""
    space, _, short = name.rpartition(".")
    explicit: dict[str, Any] = {}
    for key, value in definition.items():
        if key == "name":
            explicit |= {"name": short, "namespace": space}
        elif key != "namespace":
            explicit[key] = value
    return explicit
