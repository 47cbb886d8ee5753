"""What we write avsc reads, in JavaScript: the same values, in the same branches of unions."""

import base64
import io
import math
import subprocess
from collections.abc import Iterator
from json import loads
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avro_ocf import Reader, Writer, parse_schema
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.reference import choose_branch
from avro_ocf.schema.model import Array, Map, Node, Record, Union
from tests.interop.disagreements import disagreement, narrowed
from tests.node import ENVIRONMENT, NODE, npm_ci

pytestmark = [pytest.mark.host, pytest.mark.slow]
FOLDER = Path(__file__).parent / "node"


def _with_dict(value: dict[str, Any]) -> object:
    """Make a dict of the pairs of a tagged object, whose order depends on the engine."""
    return {"$object": dict(value["$object"])} if "$object" in value else value


class Avsc:
    """A node process that reads one container file after the other."""

    def __init__(self, requests: IO[str], answers: IO[str]) -> None:
        self.requests = requests
        self.answers = answers

    def read(self, data: bytes) -> object:
        """Return the tagged records of the file `data`, or the message of the error."""
        self.requests.write(base64.b64encode(data).decode() + "\n")
        self.requests.flush()
        answer = loads(self.answers.readline(), object_hook=_with_dict, parse_int=float)
        return answer.get("error") or answer["records"]


@pytest.fixture(scope="module")
def avsc() -> Iterator[Avsc]:
    npm_ci(FOLDER)
    with subprocess.Popen(
        [NODE, "read.mjs"], cwd=FOLDER, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Avsc(process.stdin, process.stdout)
        process.stdin.close()
    assert process.returncode == 0


def tagged(node: Node, value: object) -> object:
    """Return what `read.mjs` makes of `value`."""
    match node, value:
        case Union(), _:
            index, inner = choose_branch(node, value, DEFAULT_LIMITS)
            branch = node.branches[index]
            return None if branch.type == "null" else {"$object": {branch.name: tagged(branch, inner)}}
        case Record(), dict():
            return {"$object": {field.name: tagged(field.node, value[field.name]) for field in node.fields}}
        case Map(), dict():
            return {"$object": {key: tagged(node.values, inner) for key, inner in value.items()}}
        case Array(), list():
            return [tagged(node.items, inner) for inner in value]
        case _, bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case _, float() if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
            return {"$number": {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "-0.0": "-0"}[str(value)]}
    return value


def test_longs_beyond_53_bits(avsc: Avsc) -> None:
    out = io.BytesIO()
    with Writer(out, parse_schema("long"), codec="null") as writer:
        writer.write(-(2**52) - 1)
    assert avsc.read(out.getvalue()) == [2**52]
    with Reader(io.BytesIO(out.getvalue())) as reader:
        assert list(reader) == [-(2**52) - 1]


@given(data=st.data())
def test_a_file_of_ours_is_read(avsc: Avsc, data: st.DataObject) -> None:
    json = narrowed("avsc", data.draw(schemas(logical=False)))
    # A stream of JavaScript cannot hold null, so every value is in a record.
    schema = parse_schema({"type": "record", "name": "Top", "fields": [{"name": "value", "type": json}]})
    records = data.draw(st.lists(from_schema(schema.node), max_size=3))
    assume(all(disagreement("avsc", schema.node, record, writing=False) is None for record in records))
    out = io.BytesIO()
    with Writer(out, schema, codec=data.draw(st.sampled_from(["null", "deflate"])), block_size=1) as writer:
        writer.write_many(records)
    assert avsc.read(out.getvalue()) == [tagged(schema.node, record) for record in records]
