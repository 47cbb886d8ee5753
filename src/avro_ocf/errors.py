"""Every error this library raises.

AvroError
├── SchemaError (ValueError)          a schema is wrong                 .path
│   └── ResolutionError               two schemas do not resolve        .offset .block .record .path
├── DatumError (ValueError)           your data does not fit            .path .record
├── FormatError (ValueError)          a file's bytes are wrong          .offset .block .record .path
│   ├── TruncatedError                the bytes end too early
│   ├── LimitError                    the bytes ask for more than `Limits` grants
│   └── UnsupportedCodecError         the codec is unknown or not installed
├── NeedMoreData                      a prefix is too short             .at_least
└── StoreError                        the hot/cold store
    ├── NotFoundError                 a table or an object that is not there
    ├── ConflictError                 what is there already forbids it; nothing was changed
    ├── DamagedError                  what is stored is not what was stored
    ├── VersionError                  the database was made by a newer version of this library
    └── UnavailableError              a database or bucket cannot do it now; nothing was changed
        └── OutcomeUnknownError       it may have been done or not

Wrong argument types stay `TypeError`. Anything else that escapes is a bug.
"""


def type_name(value: object) -> str:
    """Return the name of a value's type as messages say it, with its module unless that is Python's own: `numpy.bool`."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


class AvroError(Exception):
    """Root of every error this library raises. All of them can be pickled and copied, with their attributes."""

    def __reduce__(self) -> tuple[object, ...]:
        return _remade, (type(self), self.args), vars(self)


def _remade(kind: type[AvroError], args: tuple[object, ...]) -> AvroError:
    """Return an error with these `args`, whatever its `__init__` takes."""
    return kind.__new__(kind, *args)


class SchemaError(AvroError, ValueError):
    """A schema is wrong; `path` names the place inside it, such as `guns[].calibre`."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path


class ResolutionError(SchemaError):
    """A writer's schema and a reader's schema do not resolve; `path` names the place.

    Where only the data show it, by a branch or a symbol that the reader has no place for, the bytes are sound: `offset`, `block`
    and `record` tell where, as those of `FormatError`. Else they are None.
    """

    def __init__(
        self,
        message: str,
        path: str = "",
        *,
        offset: int | None = None,
        block: int | None = None,
        record: int | None = None,
    ) -> None:
        Exception.__init__(self, _located(message, offset, block, record, path))
        self.message = message
        self.path = path
        self.offset = offset
        self.block = block
        self.record = record


class DatumError(AvroError, ValueError):
    """A datum does not fit its schema.

    `path` names the value at fault, such as `battle.ships[3].hp`; `record` is its record's index among those given, or None.
    """

    def __init__(self, message: str, path: str = "", record: int | None = None) -> None:
        self.message = message
        self.path = path
        self.record = record
        places = [] if record is None else [f"record {record}"]
        if path:
            places.append(path)
        super().__init__(": ".join([*places, message]))


class FormatError(AvroError, ValueError):
    """Bytes that are not what they should be.

    `offset` is the first byte of the value at fault, counted from the start of the bytes or file given; inside a compressed block
    it is the block's own start, and the message tells the byte of its uncompressed data. `block` is the index of the block in the
    bytes given, `record` the index of the record in that block, `path` the field; each is None or empty where it does not apply.
    """

    def __init__(
        self,
        message: str,
        *,
        offset: int | None = None,
        block: int | None = None,
        record: int | None = None,
        path: str = "",
    ) -> None:
        self.message = message
        self.offset = offset
        self.block = block
        self.record = record
        self.path = path
        super().__init__(_located(message, offset, block, record, path))


def _located(message: str, offset: int | None, block: int | None, record: int | None, path: str) -> str:
    places = [f"{name} {value}" for name, value in (("byte", offset), ("block", block), ("record", record)) if value is not None]
    if path:
        places.append(path)
    return f"{', '.join(places)}: {message}" if places else message


class TruncatedError(FormatError):
    """The bytes end before what they announce."""


class LimitError(FormatError):
    """The bytes ask for more time or memory than `Limits` grants."""


class UnsupportedCodecError(FormatError):
    """The compression codec is unknown, or the package it needs is not installed."""


class NeedMoreData(AvroError):
    """A prefix is too short; `at_least` is the number of bytes, from the start, that a longer one must have."""

    def __init__(self, at_least: int) -> None:
        super().__init__(f"at least {at_least} bytes are needed")
        self.at_least = at_least


class StoreError(AvroError):
    """The hot/cold store cannot do what was asked."""


class NotFoundError(StoreError):
    """There is no such table or object."""


class ConflictError(StoreError):
    """What is there already forbids it, such as a violated constraint or an upload's id that stands for other content.

    Nothing was changed.
    """


class DamagedError(StoreError):
    """What is stored is not what was stored: an object is missing, short or changed, or a row cannot be read."""


class VersionError(StoreError):
    """The database was made by a newer version of this library, which must be updated to use it."""


class UnavailableError(StoreError):
    """A database or bucket cannot do it now: it is locked, full, read-only or out of reach. Nothing was changed."""


class OutcomeUnknownError(UnavailableError):
    """The answer of a database or bucket was lost: what was asked may have been done, may not, or may yet be."""
