"""Checks of somebody's functions: each is a plain call, inside a test or not, that raises `Disagreement` or returns None.

Hypothesis draws the examples, and its active profile decides on `derandomize`, `database` and `verbosity`: so each run has new
ones, and a failure is tried first in the next, unless the profile says otherwise, as the one called `ci` does.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import partial
from itertools import islice
from json import dumps
from typing import TYPE_CHECKING, Any, Final

from avro_ocf.oracle.cases import Answer, Broken, Case, Given, Json, Operation, Refused
from avro_ocf.oracle.drawing import draw_case, seeded_case
from avro_ocf.oracle.judge import Judgement, judge
from avro_ocf.oracle.specification.clauses import clauses
from avro_ocf.oracle.specification.tracing import traced
from avro_ocf.oracle.telling import told

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

EXAMPLES: Final = 200

RECORDS: Final = 100_000
"""Records that a reader is asked for at most: no case has so many."""

SENTENCES: Final = 3
"""Clauses of a case that are quoted; of more, the ids are told."""


class Disagreement(AssertionError):  # noqa: N818 - it says what there is
    """An implementation's `answer` to `case` is wrong; `judgement` tells how. Its text is the whole counterexample."""

    def __init__(self, case: Case, answer: Answer, judgement: Judgement) -> None:
        super().__init__(case, answer, judgement)
        self.case = case
        self.answer = answer
        self.judgement = judgement

    def __str__(self) -> str:
        case = self.case
        lines = [f"{self.judgement.outcome}: {self.judgement.reason}", f"  operation: {case.operation}"]
        lines += [f"  schema: {_json(case.schema)}"]
        lines += [f"  reader's schema: {_json(case.reader_schema)}"] if case.reader_schema is not None else []
        lines += [f"  codec: {case.codec}"] if case.operation == "write-file" else []
        lines += [f"  value: {told(case.value)}"] if case.operation in {"encode", "write-file"} else []
        lines += [f"  bytes: {case.data.hex() or 'none'}"] if case.operation in {"decode", "resolve", "read-file"} else []
        lines += [f"  note: {case.note}"] if case.note else []
        lines += [f"  expected: {_expected(case)}", f"  got: {_got(self.answer)}", *_quoted(case.clauses)]
        return "\n".join(lines)


def _json(json: Json) -> str:
    return dumps(json, ensure_ascii=False)


def _expected(case: Case) -> str:
    if case.verdict == "reject":
        return "an error"
    wanted = told(case.value if case.operation in {"encode", "write-file"} else case.expected)
    wanted = f"bytes that hold {wanted}" if case.operation in {"encode", "write-file"} else wanted
    return f"an error, or {wanted}" if case.verdict == "either" else wanted


def _got(answer: Answer) -> str:
    if not isinstance(answer, Given):
        return f"an error, {answer.reason}"
    return answer.value.hex() if type(answer.value) is bytes and len(answer.value) < RECORDS else told(answer.value)


def _quoted(ids: Iterable[str]) -> list[str]:
    names = list(ids)
    if len(names) > SENTENCES:
        return [f"  clauses: {', '.join(names)}"]
    return [f"  clause: {name}: {clauses()[name].sentence}" for name in names]


def ask(function: Callable[..., object], case: Case) -> Answer:
    """Return what `function`, of the form that the check of `case.operation` tells, makes of copies of the case.

    An `Exception` is an error of the function's; others, such as `KeyboardInterrupt`, pass. Running out of stack or memory is an
    error too, but no answer where there must be one.
    """
    try:
        return Given(_ASK[case.operation](function, case))
    except (RecursionError, MemoryError) as error:
        reason = f"{type(error).__name__}"
        return Broken(reason) if case.verdict == "accept" else Refused(reason)
    except Exception as error:  # noqa: BLE001 - it is the answer
        return Refused(f"{type(error).__name__}: {_text(error)}")


def _text(error: Exception) -> str:
    try:
        return str(error)[:500]
    except Exception:  # noqa: BLE001 - an error's text is code of the implementation's
        return "an error without a text"


def _schema_of(case: Case) -> Json:
    return deepcopy(case.schema)


def _records(function: Callable[..., Any], case: Case) -> list[object]:
    return list(islice(iter(function(case.data)), RECORDS))


_ASK: Final[dict[Operation, Callable[[Callable[..., object], Case], object]]] = {
    "parse": lambda function, case: function(_schema_of(case)),
    "fingerprint": lambda function, case: function(_schema_of(case)),
    "encode": lambda function, case: function(_schema_of(case), deepcopy(case.value)),
    "decode": lambda function, case: function(_schema_of(case), case.data),
    "resolve": lambda function, case: function(_schema_of(case), deepcopy(case.reader_schema), case.data),
    "read-file": _records,
    "write-file": lambda function, case: function(_schema_of(case), deepcopy(case.value), case.codec),
}


def disagreement(function: Callable[..., object], case: Case) -> Disagreement | None:
    """Return what is wrong with the answer of `function` to `case`; None if nothing is."""
    answer = ask(function, case)
    judgement = judge(case, answer)
    return None if judgement.outcome == "passed" else Disagreement(traced(case), answer, judgement)


def disagreements(
    operation: Operation, function: Callable[..., object], examples: int, seed: object = 0, *, logical: bool = True
) -> Iterator[Disagreement]:
    """Yield what is wrong with the answers of `function` to the first `examples` cases of a seed. Nothing is made smaller.

    `function` is of the form that the check of the operation tells; for `parse` and `fingerprint` it is given the schema.
    """
    for index in range(examples):
        case, _ = seeded_case(operation, seed, index, logical=logical)
        if found := disagreement(function, case):
            yield found


def check_encoder(
    encode: Callable[[Any, Any], bytes],
    *,
    examples: int = EXAMPLES,
    schemas: "SearchStrategy[Any] | None" = None,
    logical_types: bool = True,
) -> None:
    """Check `encode(schema, value) -> bytes` on valid values, as `Schema.decode` gives them.

    Any legal form of a value will do. `schema` is the JSON object. `schemas` is a strategy for schemas, to leave out what an
    implementation does not support; with `logical_types=False` all logical types are taken out. Raises `Disagreement` with the
    smallest counterexample found, and `ImportError` without Hypothesis.
    """
    _check("encode", encode, examples, schemas, logical_types)


def check_decoder(
    decode: Callable[[Any, bytes], object],
    *,
    examples: int = EXAMPLES,
    schemas: "SearchStrategy[Any] | None" = None,
    logical_types: bool = True,
) -> None:
    """Check `decode(schema, data) -> value` on usual, unusual and damaged bytes, for the last of which it must raise.

    Values are compared by their Python types too. Options and errors are those of `check_encoder`.
    """
    _check("decode", decode, examples, schemas, logical_types)


def check_resolver(
    resolve: Callable[[Any, Any, bytes], object],
    *,
    examples: int = EXAMPLES,
    schemas: "SearchStrategy[Any] | None" = None,
    logical_types: bool = True,
) -> None:
    """Check `resolve(writer_schema, reader_schema, data) -> value`, which must raise where the two do not fit.

    `schemas` is for the writer's. Options and errors are those of `check_encoder`.
    """
    _check("resolve", resolve, examples, schemas, logical_types)


def check_container_reader(
    read: Callable[[bytes], Iterable[object]],
    *,
    examples: int = EXAMPLES,
    schemas: "SearchStrategy[Any] | None" = None,
    logical_types: bool = True,
) -> None:
    """Check `read(data) -> records` on usual, unusual and damaged files of the codecs null and deflate.

    Where it must raise, it may do so after some of the records. Options and errors are those of `check_encoder`.
    """
    _check("read-file", read, examples, schemas, logical_types)


def check_container_writer(
    write: Callable[[Any, list[Any], str], bytes],
    *,
    examples: int = EXAMPLES,
    schemas: "SearchStrategy[Any] | None" = None,
    logical_types: bool = True,
) -> None:
    """Check `write(schema, records, codec) -> bytes`, a whole file, for the codecs null and deflate.

    Options and errors are those of `check_encoder`.
    """
    _check("write-file", write, examples, schemas, logical_types)


def _check(
    operation: Operation,
    function: Callable[..., object],
    examples: int,
    schemas: "SearchStrategy[Any] | None",
    logical: bool,
) -> None:
    try:
        from hypothesis import HealthCheck, Phase, Verbosity, given, settings
        from hypothesis.errors import Flaky
    except ImportError as error:
        raise ImportError("checks need Hypothesis: pip install 'avro-ocf[oracle]'") from error

    def run(case: Case) -> None:
        if found := disagreement(function, case):
            raise found

    # Hypothesis keeps failures by a digest of the function's signature and source, which are the same for every check.
    # One that is kept for another question, and still fails, would not be made smaller.
    run.__annotations__["case"] = f"{operation} {_name(function)} {logical} {schemas!r}"
    active = settings()
    chosen = settings(
        max_examples=examples,
        phases=[Phase.reuse, Phase.generate, Phase.shrink],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet if active.verbosity is Verbosity.normal else active.verbosity,
    )
    try:
        chosen(given(_cases(operation, schemas, logical))(run))()
    except Flaky as flaky:
        found = next((inner for inner in getattr(flaky, "exceptions", ()) if isinstance(inner, Disagreement)), None)
        if found is None:
            raise
        found.add_note("  The same question was answered otherwise when it was asked again.")
        raise found from None


def _name(function: Callable[..., object]) -> str:
    if isinstance(function, partial):
        return f"{_name(function.func)} {function.args} {function.keywords}"
    names = [getattr(function, name, "") for name in ("__module__", "__qualname__")]
    return f"{'.'.join(map(str, names))} {getattr(getattr(function, '__code__', None), 'co_firstlineno', '')}"


def _cases(operation: Operation, schemas: "SearchStrategy[Any] | None", logical: bool) -> "SearchStrategy[Case]":
    from avro_ocf.oracle.strategies import strategy

    if schemas is None:
        return strategy(draw_case, operation, logical=logical)
    return schemas.flatmap(lambda schema: strategy(draw_case, operation, schema=schema, logical=logical))
