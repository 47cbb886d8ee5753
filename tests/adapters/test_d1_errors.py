"""What the messages of D1 mean: which come of load or bad luck, and which of a statement that will never do."""

import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.adapters.d1 import error_of
from avro_ocf.errors import ConflictError, DamagedError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.worker.failures import http_error

pytestmark = pytest.mark.host

UNCHANGED = ("BUSY", "FULL", "LOCKED", "NOMEM", "READONLY", "SCHEMA")
UNKNOWN = ("ABORT", "CANTOPEN", "INTERNAL", "INTERRUPT", "IOERR", "PROTOCOL")
NEVER = ("AUTH", "ERROR", "MISMATCH", "MISUSE", "RANGE", "TOOBIG")
KINDS: dict[str, type[StoreError]] = {
    **dict.fromkeys(UNCHANGED, UnavailableError),
    **dict.fromkeys(UNKNOWN, OutcomeUnknownError),
    **dict.fromkeys(NEVER, StoreError),
    "CONSTRAINT": ConflictError,
    "CORRUPT": DamagedError,
    "NOTADB": DamagedError,
}
EXTENDED = sorted(name for name in dir(sqlite3) if re.fullmatch("SQLITE_(?:IOERR|BUSY|LOCKED|READONLY|CONSTRAINT)_[A-Z_]+", name))

LOST = (
    "D1 DB reset because its code was updated.",
    "D1 DB's isolate exceeded its memory limit and was reset.",
    "Memory limit would be exceeded before EOF.",
    "Cannot resolve D1 DB due to transient issue on remote node.",
    "Internal error while starting up D1 DB storage caused object to be reset.",
    "Network connection lost.",
)


@given(st.sampled_from([*KINDS]), st.sampled_from(["", "D1_ERROR: ", "D1_EXEC_ERROR: "]), st.text(max_size=30), st.data())
def test_a_code_at_the_end_decides(code: str, start: str, text: str, data: st.DataObject) -> None:
    extended = [name for name in EXTENDED if name.startswith(f"SQLITE_{code}_")]
    name = data.draw(st.sampled_from([f"SQLITE_{code}", *extended]))
    ends = ["", " [code: 7500]", *(f" (extended: {one})" for one in extended)]
    message = f"{start}{text}: {name}{data.draw(st.sampled_from(ends))}"
    error = error_of("DB", message)
    assert type(error) is KINDS[code]
    assert str(error).startswith(f"DB: {message}")


@pytest.mark.parametrize("code", [*UNCHANGED, *UNKNOWN])
def test_what_comes_of_load_is_to_be_sent_again(code: str) -> None:
    answer = http_error(error_of("DB", f"D1_ERROR: out of luck: SQLITE_{code}"), tells_all=False)
    assert (answer.status, answer.type) == (503, "unavailable" if code in UNCHANGED else "outcome_unknown")
    assert answer.headers == {"retry-after": "5"}


@pytest.mark.parametrize("text", LOST)
@pytest.mark.parametrize("start", ["", "D1_ERROR: "])
def test_what_is_lost_on_its_way_may_have_been_done(start: str, text: str) -> None:
    assert type(error_of("DB", start + text)) is OutcomeUnknownError
