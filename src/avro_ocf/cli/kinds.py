"""What files are by how they begin, for messages about one that is not what a command takes."""

from typing import Final

from avro_ocf.json_text import BYTE_ORDER_MARK

START_BYTES: Final = 16

_UNPACK: Final = ": unpack it first"
_ENCODE: Final = ": encode makes a container file of records that are lines of JSON"
_KINDS: Final = (
    (b"Obj\x01", "a container file: cat prints its records"),
    (b"\x1f\x8b", f"gzip{_UNPACK}"),
    (b"BZh", f"bzip2{_UNPACK}"),
    (b"\xfd7zXZ\0", f"xz{_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"zstandard{_UNPACK}"),
    (b"PK\x03\x04", f"a zip archive{_UNPACK}"),
    (b"PAR1", "Parquet"),
    (b"ORC", "ORC"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xc3\x01", "one datum with its schema's fingerprint, no file"),
    (b"<", "HTML or XML"),
)


def looks_like(start: bytes) -> str:
    """Return what a file that begins with `start`, and is no container file, looks like, with advice where there is some, or ""."""
    text = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    if kind := kind_of(start):
        return kind
    if text.startswith((b"{", b"[")):
        return f"JSON{_ENCODE}"
    is_text = text.isascii() and text.translate(None, b"\t\n\r").decode().isprintable()
    return f"text{_ENCODE}" if text and is_text else ""


def kind_of(start: bytes) -> str:
    """Return what a file that begins with `start`, and is not lines of JSON, looks like, or ""."""
    return next((kind for prefix, kind in _KINDS if start.startswith(prefix)), "")
