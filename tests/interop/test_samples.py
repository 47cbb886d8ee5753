"""The sample files of the Apache project, where they lie beside this repository; there is nothing to read where they do not."""

import json
from pathlib import Path

import pytest

from avro_ocf import Reader, scan_blocks

pytestmark = pytest.mark.host
SAMPLES = Path(__file__).parents[3] / "shared" / "data"


def test_sample_files_hold_the_sample_records() -> None:
    for path in sorted(SAMPLES.glob("*.avro")):
        with Reader(path) as reader:
            records = list(reader)
        expected = SAMPLES / f"{path.stem.partition('-')[0]}.json"
        assert records == [json.loads(line) for line in expected.read_text().splitlines()]
        blocks = list(scan_blocks(path))
        assert reader.header.size + sum(block.length for block in blocks) == path.stat().st_size
