"""What an error of the library means to whoever sent a request."""

from typing import Final

from avro_ocf.errors import (
    AvroError,
    ConflictError,
    DatumError,
    FormatError,
    LimitError,
    NotFoundError,
    OutcomeUnknownError,
    SchemaError,
    UnavailableError,
    UnsupportedCodecError,
)
from avro_ocf.worker.http import HttpError

RETRY: Final = {"retry-after": "5"}

_UNKNOWN: Final = (
    "it is unknown whether this was done: sent again with the same id, an upload is stored once; without one, perhaps twice"
)

_STATUSES: Final = (
    (LimitError, 413),
    (UnsupportedCodecError, 415),
    (FormatError, 400),
    (SchemaError, 422),
    (NotFoundError, 404),
    (ConflictError, 409),
    (UnavailableError, 503),
)
"""The first class that an error is of decides; any other error is 500."""


def http_error(error: Exception, *, tells_all: bool) -> HttpError:
    """Return what to answer to an error.

    What went wrong inside is told only with `tells_all`: it may name files and objects of the server, which are not everyone's.
    """
    match error:
        case HttpError():
            return error
        case DatumError():
            return HttpError(400 if error.record is None else 422, str(error), record=error.record, path=error.path)
        case OutcomeUnknownError():
            return HttpError(503, _UNKNOWN, type="outcome_unknown", headers=RETRY)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    if status == 503:
        return HttpError(503, str(error) if tells_all else "the store is busy or out of reach: nothing was changed", headers=RETRY)
    if status == 409 and not tells_all:
        return HttpError(409, "the upload's id stands for other content: nothing was stored")
    if status == 500 and not (tells_all and isinstance(error, AvroError)):
        return HttpError(500, "what is stored cannot be read, or the server failed")
    return HttpError(status, str(error), record=getattr(error, "record", None), path=getattr(error, "path", ""))


def told(error: Exception) -> str:
    """Return an error as one line for a log, with its class where it is none of the library's."""
    text = str(error) if isinstance(error, AvroError | HttpError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:1000]
