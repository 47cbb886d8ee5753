"""Helpers of the command line's tests."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "avro_ocf"]
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def json_lines(data: bytes) -> list[Any]:
    """Return the objects on some lines."""
    return [json.loads(line) for line in data.splitlines()]


def weather_records() -> list[dict[str, Any]]:
    """Return the example's records in order."""
    return json_lines((EXAMPLES / "weather.ndjson").read_bytes())


def in_station_order(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records grouped by station, in order of appearance."""
    stations = list(dict.fromkeys(record["station"] for record in records))
    return sorted(records, key=lambda record: stations.index(record["station"]))
