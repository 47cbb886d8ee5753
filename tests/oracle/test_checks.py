"""The checks pass what is right, find what is wrong, and tell it by a small counterexample."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avro_ocf import oracle
from avro_ocf.oracle import (
    Case,
    Disagreement,
    Operation,
    check_container_reader,
    check_container_writer,
    check_decoder,
    check_encoder,
    check_resolver,
    disagreement,
    disagreements,
)
from avro_ocf.oracle.cases import Broken, Given, Refused
from avro_ocf.oracle.checks import ask
from tests.oracle import implementation as own

EXAMPLES = 60

CHECKS: dict[Operation, tuple[Callable[..., None], Any]] = {
    "encode": (check_encoder, own.encode),
    "decode": (check_decoder, own.decode),
    "resolve": (check_resolver, own.resolve),
    "read-file": (check_container_reader, own.read),
    "write-file": (check_container_writer, own.write),
}


def found_by(check: Callable[..., None], function: Any, **options: Any) -> Disagreement:
    with pytest.raises(Disagreement) as caught:
        check(function, **({"examples": 1000} | options))
    return caught.value


def size_of(found: Disagreement) -> int:
    return len(json.dumps(found.case.schema)) + len(json.dumps(found.case.reader_schema)) + len(found.case.data)


@pytest.mark.host
@pytest.mark.parametrize("operation", CHECKS)
@pytest.mark.parametrize("logical_types", [True, False])
def test_what_is_right_passes(operation: Operation, logical_types: bool) -> None:
    check, function = CHECKS[operation]
    check(function, examples=EXAMPLES, logical_types=logical_types)


def test_an_encoder_of_32_bits() -> None:
    def encode(schema: Any, value: Any) -> bytes:
        return own.encode(schema, value & 0xFFFFFFFF if type(value) is int and value >= 1 << 32 else value)

    found = found_by(check_encoder, encode, schemas=st.sampled_from(["long", "string", {"type": "array", "items": "long"}]))
    assert found.case.schema == "long"
    assert found.judgement.outcome == "wrong answer"
    assert str(found).startswith(f"wrong answer: {found.answer.value.hex()} is another value: expected {found.case.value}, got ")  # type: ignore[union-attr]
    assert '\n  schema: "long"\n' in str(found)


def test_a_decoder_that_takes_any_boolean() -> None:
    def decode(schema: Any, data: bytes) -> Any:
        return True if schema == "boolean" and len(data) == 1 and data[0] else own.decode(schema, data)

    found = found_by(check_decoder, decode, schemas=st.sampled_from(["int", "boolean"]))
    assert found.case.schema == "boolean"
    assert len(found.case.data) == 1
    assert found.judgement.outcome == "took what is wrong"
    lines = str(found).splitlines()
    assert lines[0] == "took what is wrong: it should be refused, the answer is True"
    assert "  expected: an error" in lines
    assert "  got: True" in lines
    assert lines[-1].startswith("  clause: binary.boolean: a boolean is written as a single byte")


def test_a_decoder_that_refuses_sizes() -> None:
    def decode(schema: Any, data: bytes) -> Any:
        if schema == {"type": "array", "items": "int"} and data and data[0] % 2:
            raise ValueError("a negative count")
        return own.decode(schema, data)

    found = found_by(check_decoder, decode, schemas=st.just({"type": "array", "items": "int"}))
    assert found.judgement == ("refused what is right", "ValueError: a negative count")
    assert "binary.array.negative-count" in found.case.clauses
    assert len(found.case.data) <= 5  # a count, the size, an item and the end; shrinking may stop at one item more


def test_a_resolver_without_defaults() -> None:
    def resolve(writer: Any, reader: Any, data: bytes) -> Any:
        value = own.resolve(writer, reader, data)
        if isinstance(writer, dict) and isinstance(reader, dict) and isinstance(value, dict) and "fields" in writer:
            known = {name for field in writer["fields"] for name in (field["name"], *field.get("aliases", ()))}
            return {name: item for name, item in value.items() if name in known or "renamed" in value}
        return value

    found = found_by(check_resolver, resolve)
    assert "resolution.record.default" in found.case.clauses
    assert "lacks ['" in found.judgement.reason
    assert size_of(found) < 300


def test_a_reader_that_swallows_the_end() -> None:
    def read(data: bytes) -> Iterator[Any]:
        try:
            yield from own.read(data)
        except ValueError:
            return

    found = found_by(check_container_reader, read)
    assert found.judgement.outcome == "took what is wrong"
    assert found.case.schema == "null"
    assert found.case.note
    assert f"  bytes: {found.case.data.hex()}" in str(found)


def test_a_reader_that_raises_in_the_midst_has_refused() -> None:
    def read(data: bytes) -> Iterator[Any]:
        yield from ()
        raise ValueError(len(data))

    assert ask(read, Case("read-file", "int", data=b"Obj")) == Refused("ValueError: 3")


def test_a_writer_of_another_codec() -> None:
    def write(schema: Any, records: list[Any], codec: str) -> bytes:
        return own.write(schema, records, "null" if records else codec)

    found = found_by(check_container_writer, write)
    assert found.case.codec == "deflate"
    assert found.judgement.reason == "the file's codec is null, not deflate"
    assert "\n  codec: deflate\n" in str(found)
    assert size_of(found) < 50


def test_what_is_given_may_be_changed() -> None:
    def encode(schema: Any, value: Any) -> bytes:
        data = own.encode(schema, value)
        for changed in (schema, value):
            if isinstance(changed, dict | list):
                changed.clear()
        return data

    check_encoder(encode, examples=EXAMPLES)


ACCEPT = Case("decode", "int", data=b"\2", expected=1)
EITHER = ACCEPT._replace(verdict="either")
REJECT = Case("decode", "int", "reject", data=b"")


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_running_out_is_an_answer_only_where_an_error_is(error: type[Exception]) -> None:
    def decode(_schema: Any, _data: bytes) -> Any:
        raise error

    assert ask(decode, ACCEPT) == Broken(error.__name__)
    assert ask(decode, EITHER) == ask(decode, REJECT) == Refused(error.__name__)
    found = disagreement(decode, ACCEPT)
    assert found
    assert found.judgement.outcome == "no answer"
    assert not disagreement(decode, REJECT)


def test_an_error_without_a_text() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def decode(_schema: Any, _data: bytes) -> Any:
        raise MuteError

    assert ask(decode, REJECT) == Refused("MuteError: an error without a text")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_no_error_passes(error: type[BaseException]) -> None:
    def decode(_schema: Any, _data: bytes) -> Any:
        raise error

    with pytest.raises(error):
        check_decoder(decode)


def test_an_endless_reader_is_stopped() -> None:
    def read(_data: bytes) -> Iterator[int]:
        while True:
            yield 1

    found = disagreement(read, Case("read-file", "int", data=own.write("int", [1], "null"), expected=[1]))
    assert found
    assert "expected 1 items, got 100000" in found.judgement.reason


def test_an_answer_is_kept() -> None:
    assert ask(own.decode, ACCEPT) == Given(1)


def test_disagreements_are_the_same_each_time() -> None:
    def decode(schema: Any, data: bytes) -> Any:
        return float(own.decode(schema, data)) if schema == "int" else own.decode(schema, data)

    first = [str(found) for found in disagreements("decode", decode, 200, "same")]
    assert first
    assert first == [str(found) for found in disagreements("decode", decode, 200, "same")]
    assert all('schema: "int"' in text for text in first)


def test_an_answer_that_changes() -> None:
    asked = []

    def decode(schema: Any, data: bytes) -> Any:
        asked.append(data)
        return own.decode(schema, data) if len(asked) > 1 else "the first"

    found = found_by(check_decoder, decode, schemas=st.just("boolean"))
    assert found.__notes__ == ["  The same question was answered otherwise when it was asked again."]


def test_a_failure_that_is_kept_for_another_function_is_not_taken_for_the_smallest() -> None:
    def decode(refused: str, schema: Any, data: bytes) -> Any:
        if refused in json.dumps(schema):
            raise ValueError(refused)
        return own.decode(schema, data)

    with pytest.raises(Disagreement):
        check_decoder(partial(decode, '"type": "map"'))
    with pytest.raises(Disagreement) as found:
        check_decoder(partial(decode, ""))
    assert found.value.case.schema == "null"
    with pytest.raises(Disagreement) as found:
        check_decoder(partial(decode, ""), schemas=st.just("int"))
    assert found.value.case.data == b"\0"


def test_a_check_inside_a_test_of_hypothesis() -> None:
    @settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers())
    def run(_number: int) -> None:
        check_decoder(own.decode, examples=3)

    run()


def test_the_profile_decides_whether_examples_repeat() -> None:
    def drawn() -> list[bytes]:
        seen: list[bytes] = []

        def decode(schema: Any, data: bytes) -> Any:
            seen.append(data)
            return own.decode(schema, data)

        check_decoder(decode, examples=30)
        return seen

    before = settings()
    settings.register_profile("repeating", before, derandomize=True, database=None)
    settings.register_profile("before", before)
    settings.load_profile("repeating")
    try:
        assert drawn() == drawn()
    finally:
        settings.load_profile("before")


def test_names_are_sorted_and_there() -> None:
    assert oracle.__all__ == sorted(oracle.__all__)
    for name in oracle.__all__:
        assert not isinstance(getattr(oracle, name), ModuleType)
    with pytest.raises(AttributeError):
        oracle.nothing  # noqa: B018


@pytest.mark.host
def test_hypothesis_is_missed_only_by_the_checks() -> None:
    program = """
import sys
sys.modules["hypothesis"] = None
from avro_ocf.oracle import check_decoder, disagreements, judge, seeded_case
case, _ = seeded_case("decode", 1, 1)
assert list(disagreements("parse", lambda schema: None, 0)) == []
try:
    check_decoder(lambda schema, data: None)
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "checks need Hypothesis: pip install 'avro-ocf[oracle]'\n", "")
