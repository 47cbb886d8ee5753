"""Results as JSON in `benchmarks/results`: one file for each version and interpreter."""

import datetime as dt
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("fastavro", "cavro", "avro", "polars")
INTERPRETERS = ("cpython3.11", "cpython3.12", "cpython3.13", "cpython3.14", "pyodide3.14")
"""In the order of tables."""


def machine() -> str:
    """Return the processor's name where Linux tells it, else its kind."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def interpreter() -> str:
    """Return a name such as cpython3.11, which is part of the file's."""
    kind = "pyodide" if sys.platform == "emscripten" else platform.python_implementation().lower()
    return f"{kind}{sys.version_info[0]}.{sys.version_info[1]}"


def facts() -> dict[str, Any]:
    """Return what a result says of where it was taken."""
    return {
        "version": version("avro-ocf"),
        "interpreter": interpreter(),
        "python": platform.python_version(),
        "machine": machine(),
        "peers": {name: number for name in PACKAGES if (number := _installed(name))},
    }


def today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


def save(result: dict[str, Any]) -> Path:
    """Write a result, keeping the sections of an older one of the same version and interpreter that it does not have."""
    path = RESULTS / f"{result['version']}-{result['interpreter']}.json"
    older = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    result = {**result, "sections": {**older.get("sections", {}), **result["sections"]}}
    path.write_text(dumps(result) + "\n", encoding="utf-8")
    return path


def dumps(value: Any, indent: str = "") -> str:
    """Return JSON with one line for each object that holds no other."""
    if not isinstance(value, dict) or not any(isinstance(item, dict) for item in value.values()):
        return json.dumps(value)
    inner = indent + " "
    items = (f"{inner}{json.dumps(key)}: {dumps(item, inner)}" for key, item in value.items())
    return "{\n" + ",\n".join(items) + f"\n{indent}}}"


def load() -> list[dict[str, Any]]:
    """Return the kept result of each interpreter, of the newest version that there is one of."""
    newest: dict[str, dict[str, Any]] = {}
    for path in RESULTS.glob("*-*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        name = result.get("interpreter", "")  # results of other benchmarks have none
        if name not in newest or _number(newest[name]["version"]) < _number(result["version"]):
            newest[name] = result
    return [newest[name] for name in INTERPRETERS if name in newest]


def _number(text: str) -> list[int]:
    return [int(part) for part in text.split(".")]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
