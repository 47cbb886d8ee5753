"""The count of values that take no byte: a few bytes may announce any number of them."""

from avro_ocf.errors import LimitError


class Budget:
    """How many zero-byte values are granted, `limit`, and how many were `spent`, in one datum or in the data of one block."""

    __slots__ = ("limit", "spent")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    @property
    def left(self) -> int:
        """How many may still be spent."""
        return self.limit - self.spent

    def charge(self, count: int) -> None:
        """Spend `count`, before any of the values is made; `LimitError`, and nothing spent, when fewer are left."""
        if count > self.left:
            raise LimitError(f"more than {self.limit} values that take no byte (limits.zero_byte_items)")
        self.spent += count
