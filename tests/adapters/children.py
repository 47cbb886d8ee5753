"""What the tests let another process do to a store: be killed, run out of something, or have no right to it.

A child prints one line for each call: what it gave, or the name and the message of its error.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401 - asyncio loads it later, when a child may have no right to read it any more
import os
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path

from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.errors import StoreError
from avro_ocf.hotcold.ports import Statement

NOBODY = 65_534
FILE_BYTES = 100_000
"""Bytes of the largest file that a child may write while files are limited."""

TURNS = 25


@contextmanager
def started(name: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a child and kill it at the end of the block."""
    command = [sys.executable, "-m", "tests.adapters.children", name, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            yield process
        finally:
            process.kill()


def run(name: str, path: Path) -> list[str]:
    """Run a child to its end and return its lines."""
    with started(name, path) as process:
        lines, _ = process.communicate()
        assert process.returncode == 0
    return lines.splitlines()


async def tell(call: Awaitable[object]) -> None:
    try:
        print(await call)
    except StoreError as error:
        print(f"{type(error).__name__}: {error}")


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def give_up_rights() -> None:
    """Go on as a user to whom permission bits mean something."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def hang() -> Iterator[bytes]:
    yield b"x" * 1_000_000
    print("written", flush=True)
    time.sleep(600)


async def put_and_hang(path: str) -> None:
    await tell(Directory(path).put("a/k", hang(), if_absent=True))


async def put_large(path: str) -> None:
    directory = Directory(path)
    with limited(resource.RLIMIT_FSIZE, FILE_BYTES):
        await tell(directory.put("a/k", [b"x" * FILE_BYTES, b"x"], if_absent=True))
        await tell(directory.put("a/l", [b"x" * (FILE_BYTES + 1)], if_absent=False))
        await tell(directory.put("a/m", [b"x" * FILE_BYTES], if_absent=True))


async def put_without_descriptors(path: str) -> None:
    directory = Directory(path)
    await tell(directory.put("k", [b"x"], if_absent=True))
    with limited(resource.RLIMIT_NOFILE, 0):
        await tell(directory.put("l", [b"x"], if_absent=True))
        await tell(directory.get("k", 0, 1))
        await tell(anext(directory.list()))
    await tell(directory.put("l", [b"x"], if_absent=True))


async def bucket_without_rights(path: str) -> None:
    give_up_rights()
    directory = Directory(path)
    await tell(directory.put("l", [b"x"], if_absent=True))
    await tell(directory.get("k", 0, 1))
    await tell(directory.delete("k"))
    await tell(directory.head("secret/k"))
    await tell(anext(directory.list("secret/")))


async def database_without_rights(path: str) -> None:
    give_up_rights()
    with SQLite(path) as database:
        await tell(database.batch([Statement("INSERT INTO t VALUES (1)")]))


async def database_without_descriptors(path: str) -> None:
    with SQLite(path) as database, limited(resource.RLIMIT_NOFILE, 0):
        await tell(database.batch([Statement("SELECT 1 AS one")]))


async def database_without_memory(path: str) -> None:
    with SQLite(path) as database:
        await tell(database.batch([Statement("CREATE TABLE t (a)"), Statement("PRAGMA hard_heap_limit = 3000000")]))
        half = "x" * 950_000
        await tell(database.batch([Statement("INSERT INTO t VALUES (1)"), Statement("INSERT INTO t VALUES (?1 || ?1)", (half,))]))
        await tell(database.batch([Statement("INSERT INTO t VALUES (1)"), Statement("SELECT count(*) AS count FROM t")]))


async def fill(path: str) -> None:
    """Insert what no longer fits the file at COMMIT, since it fits SQLite's cache, and then what does not even fit that."""
    with SQLite(path) as database:
        await tell(database.batch([Statement("CREATE TABLE t (a)")]))
        insert = Statement("INSERT INTO t VALUES (?1)", ("x" * 1_000_000,))
        with limited(resource.RLIMIT_FSIZE, FILE_BYTES):
            await tell(database.batch([insert]))
            await tell(database.batch([insert] * 20))
        await tell(database.batch([Statement("SELECT count(*) AS count FROM t")]))
        await tell(database.batch([insert, Statement("SELECT count(*) AS count FROM t")]))


async def batch_and_hang(path: str) -> None:
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) SELECT count(*) FROM n"
    with SQLite(path) as database:
        await tell(database.batch([Statement("INSERT INTO t VALUES (2)"), Statement(endless)]))


async def count(path: str) -> None:
    with SQLite(path) as database:
        for _ in range(TURNS):
            await tell(database.batch([Statement("UPDATE t SET a = a + 1 RETURNING a")]))


if __name__ == "__main__":
    asyncio.run(globals()[sys.argv[1]](sys.argv[2]))
