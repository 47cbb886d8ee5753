"""Which tests are run: those that are quick, or all of them, with all that they need."""

import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def quick_of(values: Iterable[Any], *quick: Any) -> list[Any]:
    """Give the values of a parameter, all but `quick` marked as slow."""
    return [value if value in quick else pytest.param(value, marks=pytest.mark.slow) for value in values]


def missing(extra: str) -> Iterator[str]:
    """Yield what an extra of this package asks for and is not installed, in pip's words."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    for text in project["optional-dependencies"][extra]:
        wanted = Requirement(text)
        if wanted.name == project["name"]:
            for part in sorted(wanted.extras):
                yield from missing(part)
        elif wanted.marker is None or wanted.marker.evaluate():
            try:
                is_there = wanted.specifier.contains(version(wanted.name), prereleases=True)
            except PackageNotFoundError:
                is_there = False
            if not is_there:
                yield text
