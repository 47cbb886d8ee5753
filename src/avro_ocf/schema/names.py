"""Names, namespaces and aliases (specification, "Names")."""

from typing import Any

from avro_ocf.schema.model import PRIMITIVES
from avro_ocf.schema.path import Path, shown

NAME_LENGTH = 1024
"""Characters of the longest fullname: a namespace is repeated in every name inside it, so its length must be bounded."""


def is_name(text: str) -> bool:
    """Tell whether `text` is a name of the specification's grammar, `[A-Za-z_][A-Za-z0-9_]*`."""
    return text.isascii() and text.isidentifier()


def check_name(value: object, what: str, path: Path, *, strict: bool) -> str:
    """Return `value` if it is a name, or if not `strict` any text that is not empty. `what` says whose name it is."""
    if not isinstance(value, str):
        raise path.error(f"the name of {what} is {shown(value)}")
    if not value:
        raise path.error(f"the name of {what} is empty")
    if len(value) > NAME_LENGTH:
        raise path.error(f"the name of {what} has more than {NAME_LENGTH} characters")
    if not (is_name(value) if strict else is_unicode(value)):
        raise path.error(f"{shown(value)} is not a legal name of {what}")
    return value


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


def definition_name(obj: dict[str, Any], enclosing: str, path: Path, *, strict: bool) -> str:
    """Return the fullname of the named type that `obj` defines inside the namespace `enclosing`.

    A dotted name is a fullname, whatever `namespace` says; the namespace "" is the null namespace. An empty name,
    which polars gives its records, is let through if not `strict`.
    """
    what = f"this {obj['type']}"
    if "name" not in obj:
        raise path.error(f"{what} has no name")
    name = obj["name"]
    namespace = obj.get("namespace", enclosing)
    if not isinstance(namespace, str):
        if strict:
            raise path.error(f"the namespace of {what} is {shown(namespace)}")
        namespace = enclosing
    if not isinstance(name, str):
        raise path.error(f"the name of {what} is {shown(name)}")
    if not (name or strict):
        return ""
    fullname = _check_fullname(name, namespace, what, path, strict=strict)
    space, _, short = fullname.rpartition(".")
    if short in PRIMITIVES and (strict or not space):
        raise path.error(f"{shown(fullname)} is the name of a primitive type")
    return fullname


def _check_fullname(name: str, namespace: str, what: str, path: Path, *, strict: bool) -> str:
    if strict and name.startswith("."):
        raise path.error(f"{shown(name)} is not a legal name of {what}")
    fullname = qualify(name, namespace)
    if len(fullname) > NAME_LENGTH:
        raise path.error(f"the name of {what} has more than {NAME_LENGTH} characters")
    parts = fullname.split(".") if strict else [fullname, fullname.rpartition(".")[2]]
    for part in parts:
        if not part:
            raise path.error(f"{shown(name)} in the namespace {shown(namespace)} has an empty part")
        check_name(part, what, path, strict=strict)
    return fullname


def alias_list(obj: dict[str, Any], path: Path, *, strict: bool) -> list[str]:
    """Return the aliases of the type or field that `obj` describes, as they are written.

    "Aliases should be valid names, but this is not required: any string is accepted as an alias."
    """
    aliases = obj.get("aliases", [])
    if not isinstance(aliases, list):
        if strict:
            raise path.error(f"aliases are {shown(aliases)}, not an array")
        return []
    names = [alias for alias in aliases if isinstance(alias, str) and alias]
    if strict and len(names) < len(aliases):
        raise path.error("an alias is not a string of at least one character")
    return names


def definition_aliases(aliases: list[str], fullname: str) -> tuple[str, ...]:
    """Return the fullnames of the aliases of the type `fullname`, whose own namespace completes them."""
    namespace = namespace_of(fullname)
    return tuple(qualify(alias, namespace) for alias in aliases if len(alias) + len(namespace) <= NAME_LENGTH)
