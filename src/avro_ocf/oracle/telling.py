"""Values as text and where two of them differ. Nothing in what an implementation gave is trusted."""

import math
from reprlib import Repr

from avro_ocf.oracle.equality import same


class _Show(Repr):
    def repr_bytes(self, value: bytes, _level: int) -> str:
        return repr(value[:50]) + ("..." if len(value) > 50 else "")

    repr_bytearray = repr_bytes


_SHOW = _Show()
_SHOW.maxlevel = 6
_SHOW.maxlist = _SHOW.maxtuple = _SHOW.maxdict = _SHOW.maxset = 12
_SHOW.maxstring = _SHOW.maxlong = _SHOW.maxother = 100


def told(value: object) -> str:
    """Return a value as text of bounded length; one that cannot be shown is told by its type."""
    try:
        return _SHOW.repr(value)[:2000]
    except Exception:  # noqa: BLE001 - its methods are the implementation's
        return f"<{type.__dict__['__name__'].__get__(type(value))}>"


def line(text: str, most: int = 1000) -> str:
    """Return a text of somebody else's as one line of printable characters, cut to `most` of its own."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in " ".join(text[:most].split()))


def difference(expected: object, got: object, *, exact: bool = True, place: str = "") -> str:
    """Return where `got` first differs from `expected`, and how; "" if they are the same.

    With `exact=False` an int is the same as a float of its value. Raises whatever comparing `got` raises.
    """
    if type(expected) is dict and type(got) is dict:
        if any(type(key) is not str for key in got):
            return f"{_at(place)}a key that is no str, {told(list(got))}"
        if expected.keys() != got.keys():
            lacks, more = sorted(expected.keys() - got.keys()), sorted(got.keys() - expected.keys())
            return f"{_at(place)}lacks {told(lacks)}" if lacks else f"{_at(place)}has {told(more)} besides"
        steps = [(f"[{told(key)}]", value, got[key]) for key, value in expected.items()]
    elif type(expected) is list and type(got) is list:
        if len(expected) != len(got):
            return f"{_at(place)}expected {len(expected)} items, got {len(got)}: {told(got)}"
        steps = [(f"[{index}]", *both) for index, both in enumerate(zip(expected, got, strict=True))]
    elif same(expected, got) or (not exact and _is_number_of(expected, got)):
        return ""
    else:
        return f"{_at(place)}expected {told(expected)}, got {told(got)}"
    found = (difference(wanted, given, exact=exact, place=place + step) for step, wanted, given in steps)
    return next(filter(None, found), "")


def _is_number_of(expected: object, got: object) -> bool:
    if type(expected) is not float or type(got) is not int:
        return False
    return expected == got and math.copysign(1, expected) == math.copysign(1, got)


def _at(place: str) -> str:
    return f"at {place}: " if place else ""
