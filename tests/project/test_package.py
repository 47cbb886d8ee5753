"""The package as a whole: its public names, what importing it loads, and what its metadata promise."""

import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import avro_ocf

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
FOR_LATER = {
    "argparse",
    "asyncio",
    "bz2",
    "dataclasses",
    "datetime",
    "decimal",
    "hashlib",
    "hypothesis",
    "inspect",
    "lzma",
    "random",
    "rich",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "uuid",
}
"""What `import avro_ocf` has no need of: some of it is slow to load, some of it is not there in Pyodide."""


def test_all_is_sorted_and_complete() -> None:
    loaded = {name for name, value in vars(avro_ocf).items() if not name.startswith("_") and not isinstance(value, ModuleType)}
    assert loaded - {"TYPE_CHECKING"} <= set(avro_ocf.__all__)
    assert avro_ocf.__all__ == sorted(set(avro_ocf.__all__))
    assert dir(avro_ocf) == avro_ocf.__all__


@pytest.mark.parametrize("name", avro_ocf.__all__)
def test_public_names_are_documented(name: str) -> None:
    assert getattr(avro_ocf, name).__doc__


@pytest.mark.host
def test_import_loads_only_what_encoding_needs() -> None:
    program = "import sys; before = set(sys.modules); import avro_ocf; print(*(set(sys.modules) - before))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    loaded = {module.partition(".")[0] for module in printed.split()}
    assert "avro_ocf" in loaded
    assert not loaded & FOR_LATER
    parts = {module.removeprefix("avro_ocf.") for module in printed.split()}
    assert not parts & {
        "compiler",
        "extended_json",
        "files",
        "logical",
        "reference",
        "resolution",
        "schema.defaults",
        "schema.inference",
    }


@pytest.mark.host
def test_there_are_no_dependencies() -> None:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == []


@pytest.mark.host
def test_the_package_is_typed() -> None:
    assert (Path(avro_ocf.__file__).parent / "py.typed").exists()
