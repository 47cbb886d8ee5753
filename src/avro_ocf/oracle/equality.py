"""What it means that a value came back as it was."""

import math
from decimal import Decimal


def same(a: object, b: object) -> bool:
    """Tell whether two values are the same in type and content, all the way down.

    NaN is the same as NaN and -0.0 is not the same as 0.0; True, 1 and 1.0 are three values; a Decimal is its value, whatever its
    exponent; the order of a dict's keys does not count.
    """
    if type(a) is not type(b):
        return False
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        return a.compare_total(b) == 0 or (a.is_finite() and a == b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b
