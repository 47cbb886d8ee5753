"""What sends a datum from the generated code to the reference."""

from struct import error as struct_error
from typing import Final


class Unusual(Exception):  # noqa: N818 - no error: the reference may well accept the datum
    """Raised by generated code that meets what it has no code for."""


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
