"""Names, namespaces and aliases (specification, "Names")."""

from collections.abc import Callable
from typing import Any, TypeAlias

from avro_ocf.schema.model import PRIMITIVES
from avro_ocf.schema.path import Path, shown

Slip: TypeAlias = Callable[[str, Path], None]
"""What is told of something that a new schema may not have and a file's may: it raises, or returns to let it pass."""

NAME_LENGTH = 1024
"""Characters of the longest fullname: a namespace is repeated in every name inside it, so its length must be bounded."""


def is_name(text: str) -> bool:
    """Tell whether `text` is a name of the specification's grammar, `[A-Za-z_][A-Za-z0-9_]*`."""
    return text.isascii() and text.isidentifier()


def check_name(value: object, what: str, path: Path, slip: Slip) -> str:
    """Return `value` if it is a name, or any text that is not empty if `slip` lets it pass. `what` says whose name it is."""
    if not isinstance(value, str):
        raise path.error(f"the name of {what} is {shown(value)}, not a string")
    if not value:
        raise path.error(f"the name of {what} is empty")
    if len(value) > NAME_LENGTH:
        raise path.error(f"the name of {what} has more than {NAME_LENGTH} characters")
    _check_characters(value, value, what, path, slip)
    return value


def _check_characters(name: str, part: str, what: str, path: Path, slip: Slip) -> None:
    if not is_unicode(part):
        raise path.error(f"{shown(name)} is not a legal name of {what}: half a surrogate pair is no character")
    if not is_name(part):
        slip(f"{shown(name)} is not a legal name of {what}: it takes letters, digits and _, and no digit first", path)


def is_unicode(text: str) -> bool:
    """Tell whether `text` can be encoded at all: JSON may escape half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def qualify(name: str, namespace: str) -> str:
    """Return the fullname of `name` as written inside `namespace`, which is "" for the null namespace."""
    if "." in name:
        return name.removeprefix(".")
    return f"{namespace}.{name}" if namespace else name


def namespace_of(fullname: str) -> str:
    """Return the namespace part of `fullname`, "" for the null namespace."""
    return fullname.rpartition(".")[0]


def definition_name(obj: dict[str, Any], enclosing: str, path: Path, slip: Slip) -> str:
    """Return the fullname of the named type that `obj` defines inside the namespace `enclosing`.

    A dotted name is a fullname, whatever `namespace` says; the namespace "" is the null namespace, and null is as good as
    none. An empty name, which polars gives its records, is one that `slip` may let pass.
    """
    what = f"this {obj['type']}"
    if "name" not in obj:
        raise path.error(f"{what} has no name")
    name = obj["name"]
    namespace = obj.get("namespace", enclosing)
    if not isinstance(namespace, str):
        if namespace is not None:  # a null is what programs write that have none to tell
            slip(
                f'the namespace of {what} is {shown(namespace)}, not a string: leave it out for the enclosing one, "" is none', path
            )
        namespace = enclosing
    if not isinstance(name, str):
        raise path.error(f"the name of {what} is {shown(name)}, not a string")
    if not name:
        slip(f"the name of {what} is empty", path)
        return ""
    fullname = _checked_fullname(name, namespace, what, path, slip)
    space, _, short = fullname.rpartition(".")
    if short in PRIMITIVES:
        if not space:
            raise path.error(f"{shown(fullname)} is the name of a primitive type")
        slip(f"{shown(fullname)} has the name of a primitive type", path)
    return fullname


def _checked_fullname(name: str, namespace: str, what: str, path: Path, slip: Slip) -> str:
    fullname = qualify(name, namespace)
    if len(fullname) > NAME_LENGTH:
        raise path.error(f"the name of {what} has more than {NAME_LENGTH} characters")
    parts = fullname.split(".")
    if not parts[-1]:
        raise path.error(f"the name {shown(name)} of {what} ends with a dot")
    if name.startswith(".") or "" in parts:
        slip(f"{shown(name)} in the namespace {shown(namespace)} has an empty part between dots", path)
    for part in filter(None, parts):
        _check_characters(fullname, part, what, path, slip)
    return fullname


def alias_list(obj: dict[str, Any], path: Path, slip: Slip) -> list[str]:
    """Return the aliases of the type or field that `obj` describes, as they are written.

    "Aliases should be valid names, but this is not required: any string is accepted as an alias."
    """
    aliases = obj.get("aliases", [])
    if not isinstance(aliases, list):
        slip(f"the aliases are {shown(aliases)}, not an array of strings", path)
        return []
    names = [alias for alias in aliases if isinstance(alias, str) and alias]
    if len(names) < len(aliases):
        slip("an alias is not a string of at least one character", path)
    return names


def definition_aliases(aliases: list[str], fullname: str) -> tuple[str, ...]:
    """Return the fullnames of the aliases of the type `fullname`, whose own namespace completes them."""
    namespace = namespace_of(fullname)
    return tuple(qualify(alias, namespace) for alias in aliases if len(alias) + len(namespace) <= NAME_LENGTH)
