"""docs/interop.md and the tests beside this file tell of the same disagreements."""

import re
from pathlib import Path

import pytest

from tests.interop.disagreements import EXCLUSIONS, REWRITES

pytestmark = pytest.mark.host

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "interop.md"


def rows() -> set[str]:
    return set(re.findall(r"(?m)^### (.+)$", PAGE.read_text()))


def test_every_row_is_a_test_and_every_pinned_test_a_row() -> None:
    pinned = {
        name.replace("_", "-")
        for path in HERE.glob("test_*.py")
        for name in re.findall(r"(?m)^def test_(\w+)", path.read_text())
        if path.stem.startswith("test_disagreements") or name.replace("_", "-") in rows()
    }
    assert pinned == rows()


def test_whatever_is_left_out_has_a_row() -> None:
    assert {entry.row for entry in (*REWRITES, *EXCLUSIONS)} | {"null-namespace", "fixed-decimal-used-again"} <= rows()
