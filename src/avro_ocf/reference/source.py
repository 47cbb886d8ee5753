"""The bytes being read, and the reading of what every type is made of."""

from avro_ocf.errors import FormatError, LimitError, TruncatedError
from avro_ocf.limits import Limits
from avro_ocf.reference.budget import Budget
from avro_ocf.reference.fault import Fault
from avro_ocf.varint import decode_long


class Source:
    """Bytes to read values from, and the limits that hold for them.

    Every method takes the position `pos` to read at and returns the position after what it read. `start` is the first byte of the
    value that is read, which a fault names.
    """

    __slots__ = ("budget", "data", "limits")

    def __init__(self, data: bytes, limits: Limits, budget: Budget | None) -> None:
        self.data = data
        self.limits = limits
        self.budget = Budget(limits.zero_byte_items) if budget is None else budget

    def charge(self, count: int, start: int) -> None:
        """Charge `count` values that take no byte."""
        try:
            self.budget.charge(count)
        except LimitError as error:
            raise Fault(error.message, start, LimitError) from None

    def enter(self, depth: int, start: int) -> int:
        """Go down into a record, array or map and return the depth of what is inside."""
        if depth >= self.limits.datum_depth:
            raise Fault(f"nested more than {self.limits.datum_depth} deep (limits.datum_depth)", start, LimitError)
        return depth + 1

    def take(self, size: int, pos: int, start: int) -> tuple[bytes, int]:
        """Read `size` bytes."""
        if size > len(self.data) - pos:
            raise Fault(f"{size} bytes announced, {len(self.data) - pos} left", start, TruncatedError)
        return self.data[pos : pos + size], pos + size

    def read_long(self, pos: int) -> tuple[int, int]:
        """Read a long: "int and long values are written using variable-length zig-zag coding"."""
        try:
            return decode_long(self.data, pos)
        except FormatError as error:
            raise Fault(error.message, pos, type(error)) from None

    def integer(self, pos: int) -> tuple[int, int]:
        """Read an int, "32-bit signed integer"."""
        number, end = self.read_long(pos)
        if not -(2**31) <= number < 2**31:
            raise Fault(f"an int of more than 32 bits, {number}", pos)
        return number, end

    def read_boolean(self, pos: int) -> tuple[bool, int]:
        """Read a boolean: "a single byte whose value is either 0 (false) or 1 (true)"."""
        byte, end = self.take(1, pos, pos)
        if byte not in {b"\0", b"\1"}:
            raise Fault(f"a boolean of {byte[0]}", pos)
        return byte == b"\1", end

    def blob(self, pos: int) -> tuple[bytes, int]:
        """Read bytes: "a long followed by that many bytes of data"."""
        length, end = self.length(pos)
        return self.take(length, end, pos)

    def length(self, pos: int) -> tuple[int, int]:
        """Read a number of bytes."""
        length, end = self.read_long(pos)
        if length < 0:
            raise Fault(f"a negative length, {length}", pos)
        return length, end

    def index(self, pos: int, count: int, what: str) -> tuple[int, int]:
        """Read the position of one of `count` branches or symbols."""
        index, end = self.read_long(pos)
        if not 0 <= index < count:
            raise Fault(f"no {what} has the index {index}", pos)
        return index, end

    def block(self, pos: int, zero_byte_values: int) -> tuple[int, int | None, int]:
        """Read the head of a block of an array or map; return its count of items and, where it is known, the position of its end.

        "Each block consists of a long count value, followed by that many array items. A block with count zero indicates the end of
        the array. [...] If a block's count is negative, its absolute value is used, and the count is followed immediately by a long
        block size indicating the number of bytes in the block."

        An item holds `zero_byte_values` values in no byte, or takes bytes if 0.
        """
        start = pos
        end = None
        count, pos = self.read_long(pos)
        if count < 0:
            count = -count
            size, size_end = self.length(pos)
            self.take(size, size_end, pos)
            end, pos = size_end + size, size_end
        if zero_byte_values:
            self.charge(count * zero_byte_values, start)
        elif count > len(self.data) - pos:
            raise Fault(f"{count} items announced, {len(self.data) - pos} bytes left", start, TruncatedError)
        return count, end, pos

    def end_block(self, end: int | None, pos: int, start: int) -> None:
        """Check that a block which began at `start` and told its size ends at `pos`."""
        if end is not None and pos != end:
            raise Fault(f"a block whose size is wrong: its items end at byte {pos}, not {end}", start)
