"""A corpus is the same wherever it is made."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from avro_ocf.oracle.runner.corpus import corpus, export
from avro_ocf.oracle.runner.protocol import OPERATIONS, case_of_json, request_of

SEEDED = "c9dea02d0e3361150ea0261fb9d4ae6a7ac57ba6df7ded116c0fadf540866784"


def test_the_same_seed_makes_the_same_corpus() -> None:
    digest = sha256()
    for name, content in corpus("pinned", 10):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    assert digest.hexdigest() == SEEDED


def test_another_seed_makes_another_corpus() -> None:
    assert dict(corpus("1", 2)) == dict(corpus("1", 2)) != dict(corpus("2", 2))


def test_each_case_has_the_files_that_its_operation_needs() -> None:
    endings = {name: {".json", ".avsc"} for name in OPERATIONS}
    endings["decode"].add(".bin")
    endings["resolve"] |= {".bin", ".reader.avsc"}
    endings["read-file"].add(".avro")
    files = dict(corpus("1", 3))
    assert set(files) == {f"{name}/{index:05}{end}" for name, ends in endings.items() for end in ends for index in range(3)}
    for name, content in files.items():
        if name.endswith(".json"):
            case = case_of_json(json.loads(content))
            stem = name.removesuffix(".json")
            assert json.loads(files[f"{stem}.avsc"]) == case.schema
            assert files.get(f"{stem}.bin", files.get(f"{stem}.avro", b"")) == case.data
            assert request_of(case)["operation"] == name.partition("/")[0]


@pytest.mark.host
def test_a_corpus_is_written_to_a_folder(tmp_path: Path) -> None:
    assert export(tmp_path / "made", "1", 2, ["decode", "parse"]) == 10
    written = {path.relative_to(tmp_path / "made").as_posix(): path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert written == dict(corpus("1", 2, ["decode", "parse"]))
