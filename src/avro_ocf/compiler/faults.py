"""What sends a datum from the generated code to the reference."""

from collections.abc import Callable
from struct import error as struct_error
from typing import Any, Final


class Unusual(Exception):  # noqa: N818 - no error: the reference may well accept the datum
    """Raised by generated code that meets what it has no code for."""


def guarded(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a conversion of the user's whose failures, of any kind, send the datum to the reference."""

    def convert_or_leave(value: object) -> Any:
        try:
            return convert(value)
        except Exception:  # noqa: BLE001 - it is code of the user's
            raise Unusual from None

    return convert_or_leave


FAULTS: Final = (
    Unusual,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,  # a decimal's NaN raises one when it is compared
    RuntimeError,  # an array of several numbers raises one when it is compared
    struct_error,
)
"""What generated code raises, on purpose or because of the datum. None of it reaches the user."""
