"""What is true of every source file: its layer, its size, and that one place alone executes generated text."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src" / "avro_ocf"
SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
MOST_LINES = 400
MOST_FUNCTION_LINES = 60

LAYERS = (
    ("errors",),
    ("floats", "foreign", "json_text", "limits", "varint"),
    ("cursor",),
    ("schema",),
    ("logical",),
    ("resolution",),
    ("reference",),
    ("compiler", "json_encoding", "ordering", "single_object"),
    ("lenient",),
    ("api",),
    ("container",),
    ("files",),
    ("__init__",),
    ("extended_json",),
    ("hotcold", "oracle"),
    ("adapters",),
    ("worker",),
    ("cli",),
    ("__main__",),
)
RANKS = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}
CORE = [source for source in SOURCES if RANKS.get(source.partition("/")[0].removesuffix(".py"), 0) <= RANKS["container"]]
OUTSIDE_WORLD = {
    "argparse",
    "asyncio",
    "io",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}

pytestmark = pytest.mark.host


def tree_of(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text(encoding="utf-8"))


def part_of(module: str) -> str:
    """Return the name in `LAYERS` of a dotted module name: `schema` for `avro_ocf.schema.parse`, `__init__` for `avro_ocf`."""
    return module.split(".")[1] if "." in module else "__init__"


def imports_of(source: str) -> Iterator[str]:
    """Yield the dotted name of each import in a file, those inside functions and for the type checker included."""
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}:{node.lineno} is a relative import"
            names = [f"avro_ocf.{alias.name}" for alias in node.names if alias.name in RANKS]
            yield from names if node.module == "avro_ocf" and names else [str(node.module)]


def test_every_file_has_a_layer() -> None:
    assert {source.partition("/")[0].removesuffix(".py") for source in SOURCES} == set(RANKS)


@pytest.mark.parametrize("source", SOURCES)
def test_imports_point_down(source: str) -> None:
    part = source.partition("/")[0].removesuffix(".py")
    for module in imports_of(source):
        if module.partition(".")[0] == "avro_ocf" and part_of(module) != part:
            assert RANKS[part_of(module)] < RANKS[part], f"{source} imports {module}"


@pytest.mark.parametrize("source", CORE)
def test_the_core_knows_no_outside_world(source: str) -> None:
    assert not {module.partition(".")[0] for module in imports_of(source)} & OUTSIDE_WORLD


@pytest.mark.parametrize("source", SOURCES)
def test_only_one_place_executes_generated_text(source: str) -> None:
    called = {node.func.id for node in ast.walk(tree_of(source)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    executed = called & {"exec", "eval", "compile", "__import__"}
    assert executed == ({"exec", "compile"} if source == "compiler/source.py" else set())


@pytest.mark.parametrize("source", SOURCES)
def test_files_and_functions_are_short(source: str) -> None:
    assert len((ROOT / source).read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MOST_FUNCTION_LINES, f"{source}:{node.lineno} {node.name}"
