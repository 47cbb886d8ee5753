"""What a schema may be given as: JSON text, a path to it, or the object that it stands for."""

import json
from typing import Any, Final

from avro_ocf.errors import SchemaError
from avro_ocf.json_text import MOST_NESTED, loads
from avro_ocf.schema.names import is_unicode
from avro_ocf.schema.path import shown

BYTE_ORDER_MARK: Final = "\ufeff"
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[", b'"\0', b'\0"')
"""How JSON text in UTF-16 begins, with a byte order mark and without."""

FILE_NAMES: Final = (".avsc", ".json", ".avro")
"""How text ends that is no name of a type, but most likely one of a file."""

TOO_DEEP: Final = f"nested too deeply: Python's stack bears at most {MOST_NESTED} lists and objects inside one another"


def json_object(source: object) -> Any:
    """Return decoded JSON: what `source`, a path, UTF-8 bytes or text stands for, or `source` itself if it is none of these.

    A byte order mark is passed over. Raises `SchemaError`, and `OSError` for a file that cannot be read.
    """
    if hasattr(source, "__fspath__"):
        with open(source, "rb") as file:
            data = file.read()
        try:
            return json_object(data)
        except SchemaError as error:
            raise SchemaError(f"{source.__fspath__()}: {error.message}") from None
    if isinstance(source, bytes | bytearray | memoryview):
        source = _decoded(bytes(source))
    if not isinstance(source, str):
        return source
    text = source.removeprefix(BYTE_ORDER_MARK).strip()
    return text if all(map(str.isidentifier, text.split("."))) and not text.endswith(FILE_NAMES) else loaded(text)


def loaded(text: str) -> Any:
    """Return what JSON `text` stands for. Raises `SchemaError`."""
    try:
        return loads(text)
    except RecursionError:
        raise SchemaError(TOO_DEEP) from None
    except ValueError as error:
        raise SchemaError(_fault(text) or f"not JSON: {error}") from None


def json_text(obj: object) -> str:
    """Return decoded JSON as compact text that has a UTF-8 form. Raises `SchemaError`.

    A number that is not finite, which Python writes as a word that is not JSON, becomes the text that a default may be.
    """
    try:
        text = json.dumps(obj, separators=(",", ":"), ensure_ascii=False)
        if "NaN" in text or "Infinity" in text:
            obj = loads(text, parse_constant=str)
            text = json.dumps(obj, separators=(",", ":"), ensure_ascii=False)
    except RecursionError:
        raise SchemaError(TOO_DEEP) from None
    except ValueError as error:  # an object that holds itself
        raise SchemaError(f"not JSON: {error}") from None
    # A doc may escape half a surrogate pair, which has no UTF-8.
    return text if text.isascii() or is_unicode(text) else json.dumps(obj, separators=(",", ":"))


def _decoded(data: bytes) -> str:
    if data.startswith(b"Obj\1"):
        raise SchemaError("a container file, which is read by Reader; its schema is Reader(...).header.schema")
    if data.startswith(UTF_16):
        raise SchemaError("the text is UTF-16; a schema is UTF-8: save it as that")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise SchemaError(f"not UTF-8: {error.reason} at byte {error.start}") from None


def _fault(text: str) -> str:
    """Return what is wrong with text that is not JSON, where more can be told than JSON's parser knows, or ""."""
    if not text:
        return "the text of the schema is empty"
    if "\n" not in text and text[0] not in '{["' and ("/" in text or "\\" in text or text.endswith(FILE_NAMES)):
        return f"not JSON; it looks like a path: to read a file, give pathlib.Path({shown(text)})"
    return ""
