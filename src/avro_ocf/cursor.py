"""Reading encoded data that was checked before: nothing here looks for the end of the bytes."""

from avro_ocf.floats import LAYOUTS
from avro_ocf.varint import decode_long


class Cursor:
    """The position `pos` in sound `data`."""

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0

    def take(self, length: int) -> bytes:
        """Read `length` bytes."""
        self.pos += length
        return self.data[self.pos - length : self.pos]

    def long(self) -> int:
        """Read an int or long, the length of a string or the index of a branch or symbol."""
        number, self.pos = decode_long(self.data, self.pos)
        return number

    def block(self) -> int:
        """Read the head of an array's or map's block and return its count of items; 0 ends the value."""
        count = self.long()
        if count < 0:
            self.long()
        return abs(count)

    def blob(self) -> bytes:
        """Read bytes, or a string in UTF-8."""
        return self.take(self.long())

    def floating(self, type_name: str) -> float:
        """Read a `float` or `double`."""
        layout = LAYOUTS[type_name]
        (number,) = layout.unpack(self.take(layout.size))
        return float(number)
