"""What holds for every command: exit codes, one line for a failure, quiet ends of pipes, help and documentation."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avro_ocf import Reader, Writer
from avro_ocf.cli import records
from avro_ocf.cli.program import main, parser
from tests.cli.commands import COMMAND, EXAMPLES, Run, in_terminal

pytestmark = pytest.mark.host

DOCUMENTATION = EXAMPLES.parent / "cli.md"


def command_parsers(top: argparse.ArgumentParser | None = None, before: str = "") -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every command by its name, those of `table add` and its like included."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in (top or parser())._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                found |= {before + name: command, **command_parsers(command, f"{before}{name} ")}
    return found


@pytest.mark.parametrize("name", sorted(command_parsers()))
def test_every_command_has_help_and_an_example(name: str) -> None:
    command = command_parsers()[name]
    assert command.description
    documentation = DOCUMENTATION.read_text()
    assert f"$ avro-ocf {name} " in documentation
    for action in command._actions:
        assert action.help
        for option in action.option_strings:
            assert option in {"-h", "--help"} or option in documentation, f"{name} {option} is not documented"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["cat"],
        ["cat", "a", "b"],
        ["cat", "--blo", "0:1", "a"],
        ["cat", "--block", "12", "a"],
        ["cat", "--block=-1:2", "a"],
        ["head", "-n", "-1", "a"],
        ["encode", "--codec", "rot13", "a", "b"],
        ["encode", "--sync-marker", "00", "a", "b"],
        ["recode", "a", "-o", "b"],
        ["concat", "-o", "b"],
    ],
)
def test_misuse_is_code_2(run: Run, arguments: list[str]) -> None:
    done = run(*arguments, code=2)
    assert done.stdout == b""
    assert b"usage: avro-ocf" in done.stderr


def test_help_goes_to_stdout(run: Run) -> None:
    assert b"salvage" in run("--help").stdout
    assert b"START:LENGTH" in run("cat", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cat", "none.avro"], "none.avro: No such file or directory"),
        (["cat", "."], ".: Is a directory"),
        (["cat", "text"], "text: byte 0: not an Avro container file"),
        (["count", "text"], "text: byte 0: not an Avro container file"),
        (["schema", "empty"], "empty: byte 0: "),
        (["codegen", "text"], "text: not JSON"),
        (["codegen", "latin"], "latin: "),
        (["codegen", "none.avsc"], "none.avsc: No such file or directory"),
        (["codegen", "--reader-schema", "none.avsc", "int.avsc"], "none.avsc: No such file or directory"),
        (["codegen", "--reader-schema", "int.avsc", "text.avsc"], "string cannot be read as int"),
        (["encode", "--schema", "none.avsc", "-", "out"], "none.avsc: No such file or directory"),
        (["encode", "none.ndjson", "out"], "none.ndjson: No such file or directory"),
        (["encode", "-", "no/such/out"], "No such file or directory"),
        (["head", "--reader-schema", "int.avsc", "weather.avro"], "weather.avro: "),
        (["cat", "--block", "0:40", "weather.avro"], "weather.avro: "),
        (["cat", "--block", "200:999999999999999999999", "weather.avro"], "are not all in the file"),
        (["cat", "--block", "0:1", "-"], "seek"),
    ],
)
def test_a_failure_is_one_line_and_code_1(run: Run, weather: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "text").write_text("no\nrecords\n")
    (tmp_path / "latin").write_bytes(b'"\xe9"')
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "int.avsc").write_text('"int"')
    (tmp_path / "text.avsc").write_text('"string"')
    done = run(*arguments, stdin=weather.read_bytes() if "weather.avro" in arguments or "cat" in arguments else b"1\n", code=1)
    assert done.stdout == b""
    assert message in done.stderr.decode()


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """Return a file whose records do not fit in the buffer of any pipe."""
    path = tmp_path / "big.avro"
    with Writer(path, '{"type": "record", "name": "R", "fields": [{"name": "text", "type": "string"}]}') as writer:
        writer.write_many({"text": "abc"} for _ in range(100_000))
    return path


def test_a_reader_that_goes_away_ends_the_command_quietly(big: Path) -> None:
    with subprocess.Popen([*COMMAND, "cat", str(big)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b'{"text":"abc"}\n'
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


def test_a_device_is_written_to_not_replaced(run: Run, weather: Path) -> None:
    run("concat", weather, "-o", os.devnull)
    assert not Path(os.devnull).is_file()


def test_an_interrupt_is_code_130(weather: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(records, "_print_records", interrupt)
    assert main(["cat", str(weather)]) == 130
    assert capsys.readouterr().err == ""


def test_output_is_utf8_whatever_the_locale_is(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    line = '{"name":"知床"}\n'.encode()
    out = tmp_path / "out.avro"
    subprocess.run([*COMMAND, "encode", "-", out], input=line, env=environment, check=True)
    assert subprocess.run([*COMMAND, "cat", out], env=environment, capture_output=True, check=True).stdout == line


@pytest.mark.parametrize("installed", [True, False], ids=["rich", "no rich"])
def test_someone_who_watches_sees_a_table(weather: Path, installed: bool) -> None:
    program = (
        "import sys\nif not {}: sys.modules['rich'] = None\nfrom avro_ocf.cli.program import main\nsys.exit(main(sys.argv[1:]))"
    )
    printed = in_terminal([sys.executable, "-c", program.format(installed), "index", str(weather)])
    assert "record_count" in printed
    assert ("┃" in printed) == installed


def test_someone_who_waits_sees_progress(tmp_path: Path) -> None:
    printed = in_terminal([*COMMAND, "encode", str(EXAMPLES / "weather.ndjson"), str(tmp_path / "out.avro")], stream="stderr")
    assert "weather.ndjson" in printed


def test_a_named_pipe_is_read_without_progress(weather: Path, tmp_path: Path) -> None:
    pipe, out = tmp_path / "pipe", tmp_path / "out.avro"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", f"cat {weather} > {pipe}"]):
        assert in_terminal([*COMMAND, "recode", "--codec", "null", str(pipe), "-o", str(out)], stream="stderr") == ""
    with Reader(out) as reader:
        assert sum(1 for _ in reader) == 100


def test_a_missing_folder_is_told_by_the_name_that_was_given(run: Run, weather: Path) -> None:
    done = run("recode", weather, "-o", "missing/out.avro", "--codec", "null", code=1)
    assert b"missing/out.avro: No such file" in done.stderr


def test_no_records_to_infer_from_are_at_no_line(run: Run) -> None:
    assert b"line" not in run("encode", "-", "out.avro", code=1).stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_stream_is_a_failure(weather: Path, closed: str) -> None:
    command = f'"$@" {closed}'
    done = subprocess.run(["sh", "-c", command, "sh", *COMMAND, "cat", weather], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"avro-ocf: standard input and output must be open\n")
