"""Cases as requests to a testee, its answers, and cases as JSON to be kept. docs/oracle.md tells the whole protocol."""

import json
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final, cast

from avro_ocf.api import parse_schema
from avro_ocf.errors import AvroError
from avro_ocf.oracle.cases import Answer, Broken, Case, Given, Json, Operation, Refused, Unsupported, Verdict
from avro_ocf.oracle.runner.wire import LOGICAL_TYPES, WireError, from_wire, to_wire
from avro_ocf.oracle.telling import line
from avro_ocf.schema.model import Node

OPERATIONS: Final[tuple[Operation, ...]] = ("parse", "encode", "decode", "resolve", "read-file", "write-file", "fingerprint")

_FILES: Final = ("read-file", "write-file")
_HEX: Final = ("encode", "write-file")
"""Operations that answer with bytes."""


def request_of(case: Case, logical_types: Collection[str] = LOGICAL_TYPES) -> dict[str, Json]:
    """Return the request that puts a case, but for its id."""
    request: dict[str, Json] = {"operation": case.operation}
    if case.operation != "read-file":
        request["schema"] = json.dumps(case.schema)
    if case.operation == "resolve":
        request["reader_schema"] = json.dumps(case.reader_schema)
    if case.operation in _HEX:
        request["value"] = form_of(case, case.value, _node(case.schema), logical_types)
    if case.operation == "write-file":
        request["codec"] = case.codec
    if case.operation in {"decode", "resolve", "read-file"}:
        request["data"] = case.data.hex()
    return request


def answer_of(case: Case, message: dict[str, Any] | Broken) -> Answer:
    """Return what the answer to the request of a case says."""
    if isinstance(message, Broken):
        return message
    if "ok" not in message:
        text = message.get("error", message.get("unsupported"))
        if type(text) is not str:
            return Broken("error and unsupported are strings")
        return Refused(line(text)) if "error" in message else Unsupported(line(text))
    try:
        return Given(value_of(case, message["ok"], is_answer=True))
    except (WireError, RecursionError) as error:
        return Broken(str(error))


def form_of(case: Case, value: Any, node: Node | None, logical_types: Collection[str] = LOGICAL_TYPES) -> Json:
    """Return the JSON form of a value of a case, which is a list of values where the operation is about files."""
    if case.operation == "fingerprint" and type(value) is dict:
        return {name: part.hex() if type(part) is bytes else part for name, part in value.items()}
    if case.operation in _FILES and type(value) is list:
        return [to_wire(node, item, logical_types) for item in value]
    return to_wire(node, value, logical_types)


def value_of(case: Case, form: Any, *, is_answer: bool = False) -> Any:
    """Return the value in a JSON form: the answer to a case, or else the value in it. Raises `WireError`."""
    if case.operation == "parse":
        return None
    if case.operation == "fingerprint":
        if type(form) is not dict or any(type(part) is not str for part in form.values()):
            raise WireError("the answer to fingerprint is an object of strings")
        return {name: part if name == "canonical-form" else _bytes(part) for name, part in form.items()}
    if is_answer and case.operation in _HEX:
        return _bytes(form)
    node = _node(case.reader_schema if case.operation == "resolve" else case.schema)
    if case.operation not in _FILES:
        return from_wire(node, form, case.expected)
    if type(form) is not list:
        raise WireError(f"the answer to {case.operation} is an array of values")
    hints = [*(case.expected if type(case.expected) is list else ()), *[None] * len(form)]
    return [from_wire(node, item, hint) for item, hint in zip(form, hints, strict=False)]


def _bytes(form: object) -> bytes:
    return cast("bytes", from_wire(None, {"bytes": form}))


@lru_cache(maxsize=64)
def _parsed(text: str) -> Node | None:
    try:
        return parse_schema(text, strict=False).node
    except AvroError:
        return None


def _node(schema: Json) -> Node | None:
    return _parsed(json.dumps(schema))


def case_to_json(case: Case) -> dict[str, Json]:
    """Return a case as JSON that `case_of_json` understands; what is empty or null is left out."""
    kept: dict[str, Json] = {
        **case._asdict(),
        "value": form_of(case, case.value, _node(case.schema)),
        "data": case.data.hex(),
        "expected": form_of(case, case.expected, _node(case.reader_schema if case.operation == "resolve" else case.schema)),
        "clauses": list(case.clauses),
    }
    empty = {"data": "", "codec": "", "note": "", "clauses": []}
    return {key: value for key, value in kept.items() if key == "schema" or (value is not None and value != empty.get(key))}


def case_of_json(kept: dict[str, Any]) -> Case:
    """Return the case that `case_to_json` made JSON of. Raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    operation = kept["operation"]
    if operation not in OPERATIONS or kept.get("verdict") not in {"accept", "reject", "either"}:
        raise ValueError(f"no operation or verdict: {operation!r}, {kept.get('verdict')!r}")
    case = Case(
        cast("Operation", operation),
        kept["schema"],
        cast("Verdict", kept["verdict"]),
        reader_schema=kept.get("reader_schema"),
        data=bytes.fromhex(kept.get("data", "")),
        codec=str(kept.get("codec", "")),
        clauses=tuple(map(str, kept.get("clauses", ()))),
        note=str(kept.get("note", "")),
    )
    # Unions in kept values name their branches, but a null has none, and is left out.
    value = value_of(case, kept["value"]) if "value" in kept and operation in _HEX else None
    expected = value_of(case, kept["expected"]) if "expected" in kept and operation not in {*_HEX, "parse"} else None
    return case._replace(value=value, expected=expected)
