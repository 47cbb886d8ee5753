"""Four libraries and ours behind one function; run as a program, it asks one of them once, as a crash or a hang wants it."""

import copy
import hashlib
import io
import json
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import avro_ocf
from tests.interop.libraries import CAVRO_OPTIONS, load
from tests.node import ENVIRONMENT, NODE, npm_ci

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "interop" / "node"
LIBRARIES = ("fastavro", "avro", "cavro", "avsc", "avro_ocf")
REFUSED = "refused"


class AvscError(Exception):
    """An error of avsc."""


def untagged(value: dict[str, Any]) -> object:
    """Return the bytes that a tagged object of `ask.mjs` stands for."""
    return bytes.fromhex(value["$bytes"]) if "$bytes" in value else value


class Avsc:
    """A node process that asks avsc."""

    def __init__(self) -> None:
        npm_ci(FOLDER)
        self.process = subprocess.Popen(
            [NODE, "ask.mjs"], cwd=FOLDER, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, request: dict[str, Any]) -> object:
        """Return avsc's answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline(), object_hook=untagged)
        if "error" in answer:
            raise AvscError(answer["error"])
        return answer["ok"]


@contextmanager
def avsc() -> Iterator[Avsc]:
    """Give a node process that asks avsc, and end it."""
    made = Avsc()
    with made.process:
        yield made
        assert made.process.stdin is not None
        made.process.stdin.close()
    assert made.process.returncode == 0


def _ours(operation: str, schema: Any, reader: Any, value: Any, data: bytes) -> object:
    if operation == "read":
        with avro_ocf.Reader(io.BytesIO(data)) as records:
            return list(records)
    parsed = avro_ocf.parse_schema(schema)
    match operation:
        case "encode":
            return parsed.encode(value)
        case "decode":
            return parsed.decode(data)
        case "resolve":
            return parsed.decode(data, avro_ocf.parse_schema(reader))
        case "fingerprint":
            return hashlib.md5(parsed.canonical_form.encode()).hexdigest()
    out = io.BytesIO()
    with avro_ocf.Writer(out, parsed, codec="null") as writer:
        writer.write_many(value)
    return out.getvalue()


def _resolve(name: str, schema: Any, reader: Any, data: bytes) -> object:
    if name == "fastavro":
        import fastavro

        return fastavro.schemaless_reader(io.BytesIO(data), copy.deepcopy(schema), copy.deepcopy(reader))
    if name == "avro":
        import avro.io
        import avro.schema

        schemas = (avro.schema.parse(json.dumps(one)) for one in (schema, reader))
        return avro.io.DatumReader(*schemas).read(avro.io.BinaryDecoder(io.BytesIO(data)))
    import cavro

    source, target = (cavro.Schema(json.dumps(one), options=cavro.Options(**CAVRO_OPTIONS)) for one in (schema, reader))
    return target.reader_for_writer(source).binary_decode(data)


def _fingerprint(name: str, schema: Any) -> str:
    if name == "fastavro":
        import fastavro.schema

        return fastavro.schema.fingerprint(fastavro.schema.to_parsing_canonical_form(schema), "md5")
    if name == "avro":
        import avro.schema

        return avro.schema.parse(json.dumps(schema)).fingerprint("md5").hex()
    import cavro

    return str(cavro.Schema(json.dumps(schema), options=cavro.Options(**CAVRO_OPTIONS)).fingerprint("md5").hexdigest())


def ask(name: str, operation: str, schema: Any = None, *, reader: Any = None, value: Any = None, data: str = "") -> Any:
    """Ask one of the libraries in Python, and raise whatever it does; `data` is in hexadecimal digits."""
    octets = bytes.fromhex(data)
    if name == "avro_ocf":
        return _ours(operation, schema, reader, value, octets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match operation:
            case "encode":
                return load(name).encode(schema, value)
            case "decode":
                return load(name).decode(schema, octets)
            case "resolve":
                return _resolve(name, schema, reader, octets)
            case "fingerprint":
                return _fingerprint(name, schema)
            case "read":
                return load(name).read(octets)
    return load(name).write(schema, value, "null")


def ask_all(node: Avsc, operation: str, schema: Any = None, *, to_avsc: Any = None, **request: Any) -> dict[str, Any]:
    """Return what each library answers, REFUSED for an error; `to_avsc` is the value in the form that avsc takes."""
    answers: dict[str, Any] = dict.fromkeys(LIBRARIES, REFUSED)
    value = request.get("value") if to_avsc is None else to_avsc
    for name in LIBRARIES:
        with suppress(Exception):
            if name == "avsc":
                answers[name] = node.ask({"operation": operation, "schema": schema, **request, "value": value})
            else:
                answers[name] = ask(name, operation, schema, **request)
    return answers


# Of the stack in KiB, of the processor's time in seconds, and of memory in KiB, which node reserves more of than it uses.
LIMITED = 'ulimit -c 0; ulimit -s 8192; ulimit -t 3; [ "$0" = avsc ] || ulimit -v 524288; exec "$@"'


def fate(name: str, operation: str, schema: Any = None, **request: Any) -> str:
    """Ask in a process of its own, and return the answer, or `SIGSEGV`, or `no answer` after 3 s of work or 512 MiB."""
    command = [sys.executable, "-m", "tests.oracle.peers", name]
    if name == "avsc":
        npm_ci(FOLDER)
        command = [str(NODE), "--max-old-space-size=256", "ask.mjs"]
    line = json.dumps({"operation": operation, "schema": schema, **request}) + "\n"
    cwd = FOLDER if name == "avsc" else ROOT
    done = subprocess.run(
        ["sh", "-c", LIMITED, name, *command], cwd=cwd, env=ENVIRONMENT, input=line, capture_output=True, text=True, check=False
    )
    if done.returncode == -signal.SIGSEGV:
        return "SIGSEGV"
    return done.stdout.strip() or "no answer"


if __name__ == "__main__":
    with suppress(MemoryError):
        print(ask(sys.argv[1], **json.loads(sys.stdin.read())))
