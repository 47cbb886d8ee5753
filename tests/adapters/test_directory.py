"""`Directory`, past the contract of buckets: its keys, its files, and what becomes of a put that is killed or cannot go on."""

import asyncio
import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from avro_ocf.adapters.directory import KEY_BYTES, SWEEP_AFTER_S, UNFINISHED, Directory
from avro_ocf.errors import ConflictError, NotFoundError, OutcomeUnknownError, StoreError, UnavailableError
from tests.adapters import children

pytestmark = pytest.mark.host

BAD_KEYS = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "./a",
    "a/.",
    "../a",
    "a/../../b",
    "a\\b",
    "..\\a",
    "a\0b",
    "\ud800",
    "\udcff",
    UNFINISHED,
    f"{UNFINISHED}/x",
    f"{UNFINISHED}2",
    f"a/{UNFINISHED}",
    UNFINISHED.upper(),
    "é/" * 341 + "é",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store" / "cold"


def put(root: Path, key: str, content: bytes = b"x", *, if_absent: bool = True) -> bool:
    return asyncio.run(Directory(root).put(key, [content], if_absent=if_absent))


def get(root: Path, key: str) -> bytes:
    return asyncio.run(Directory(root).get(key, 0, 10_000_000))


def keys(root: Path, prefix: str = "") -> list[str]:
    async def collect() -> list[str]:
        return [info.key async for info in Directory(root).list(prefix)]

    return asyncio.run(collect())


def unfinished(root: Path) -> list[Path]:
    return [*(root / UNFINISHED).iterdir()]


CALLS: dict[str, Callable[[Path, str], object]] = {
    "put": put,
    "replace": lambda root, key: put(root, key, if_absent=False),
    "get": get,
    "head": lambda root, key: asyncio.run(Directory(root).head(key)),
    "delete": lambda root, key: asyncio.run(Directory(root).delete(key)),
}


# Keys and files.


def test_an_object_is_the_file_at_its_key(root: Path) -> None:
    put(root, "battles/2026-11-abc.avro", b"content")
    assert (root / "battles" / "2026-11-abc.avro").read_bytes() == b"content"
    assert not unfinished(root)


def test_an_object_may_be_read_by_whom_the_umask_lets(root: Path) -> None:
    before = os.umask(0o027)
    try:
        put(root, "k")
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "k").stat().st_mode) == 0o640


def test_a_path_may_be_text(root: Path) -> None:
    assert asyncio.run(Directory(str(root)).put("k", [b"x"], if_absent=True))
    assert get(root, "k") == b"x"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("key", BAD_KEYS)
def test_what_is_no_key_is_refused(root: Path, call: str, key: str) -> None:
    with pytest.raises(StoreError, match="cannot be a key") as caught:
        CALLS[call](root, key)
    assert type(caught.value) is StoreError
    assert repr(key) in str(caught.value)
    assert not root.exists()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("key", ["x" * 300, f"a/{'x' * 300}", f"{'x' * 300}/a"])
def test_a_key_too_long_is_refused(root: Path, call: str, key: str) -> None:
    put(root, "a/k")
    with pytest.raises(StoreError, match="File name too long") as caught:
        CALLS[call](root, key)
    assert type(caught.value) is StoreError
    assert keys(root) == ["a/k"]
    assert not unfinished(root)


@pytest.mark.parametrize("key", ["a/" * 511 + "aa", "é/" * 340 + "éé"])
def test_a_key_may_be_as_long_and_deep_as_it_can(root: Path, key: str) -> None:
    assert len(key.encode()) == KEY_BYTES
    assert put(root, key)
    assert not put(root, key)
    assert keys(root) == [key]
    assert get(root, key) == b"x"
    with pytest.raises(StoreError, match="cannot be a key"):
        put(root, f"{key}a")


@pytest.mark.parametrize("key", ["...", ".a", "a.", "..a", " ", "a:b", "-", "~", "$HOME", "%2e%2e", "\n", "é"])
def test_odd_keys_are_keys(root: Path, key: str) -> None:
    assert put(root, key)
    assert put(root, f"b/{key}/c")
    assert keys(root) == sorted([key, f"b/{key}/c"])
    assert get(root, key) == b"x"


@pytest.mark.parametrize("if_absent", [True, False])
@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a", "a/b/c"), ("a/b", "a"), ("a/b/c", "a/b")])
def test_no_object_stands_below_another(root: Path, first: str, second: str, if_absent: bool) -> None:
    put(root, first)
    with pytest.raises(ConflictError, match=f"{root / second}: an object cannot stand below another"):
        put(root, second, if_absent=if_absent)
    assert keys(root) == [first]
    assert not unfinished(root)
    assert CALLS["head"](root, second) is None
    CALLS["delete"](root, second)
    assert keys(root) == [first]
    with pytest.raises(NotFoundError):
        get(root, second)


def test_a_directory_that_is_not_there_is_empty(root: Path) -> None:
    assert keys(root) == []
    assert CALLS["head"](root, "k") is None
    CALLS["delete"](root, "k")
    with pytest.raises(NotFoundError, match=f"{root / 'k'}: there is no such object, nor such a directory"):
        get(root, "k")
    assert not root.exists()


def test_files_that_are_no_objects_are_passed_over(root: Path) -> None:
    put(root, "k")
    (root / UNFINISHED / "x").write_bytes(b"x")
    (root / "back\\slash").write_bytes(b"x")
    (root / "empty").mkdir()
    (root / "broken").symlink_to("nowhere")
    (root / "linked").symlink_to("k")
    os.mkfifo(root / "pipe")
    with open(os.fsencode(root) + b"/\xff", "wb"):
        pass
    assert keys(root) == ["k", "linked"]


# What a killed process leaves.


def test_a_killed_put_leaves_nothing_to_be_seen(root: Path) -> None:
    with children.started("put_and_hang", root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.kill()
        assert process.wait() < 0
    [left] = unfinished(root)
    assert left.stat().st_size == 1_000_000
    assert keys(root) == []
    assert CALLS["head"](root, "a/k") is None
    assert put(root, "a/k", b"whole")
    assert get(root, "a/k") == b"whole"


def test_what_is_left_is_swept_when_it_is_a_day_old(root: Path) -> None:
    put(root, "k", b"whole")
    now = time.time()
    old, young = root / UNFINISHED / "old", root / UNFINISHED / "young"
    for left, age in ((old, SWEEP_AFTER_S + 60), (young, SWEEP_AFTER_S - 60)):
        left.write_bytes(b"part")
        os.utime(left, (now - age, now - age))
    put(root, "l")
    assert unfinished(root) == [young]
    assert keys(root) == ["k", "l"]


def test_an_object_outlives_the_name_it_was_written_under(root: Path) -> None:
    put(root, "k", b"whole")
    os.link(root / "k", root / UNFINISHED / "left")  # as when a process is killed between its last two calls
    os.utime(root / "k", (0, 0))
    put(root, "l")
    assert not unfinished(root)
    assert get(root, "k") == b"whole"


def test_a_folder_among_what_is_left_is_let_be(root: Path) -> None:
    (root / UNFINISHED / "folder").mkdir(parents=True)
    os.utime(root / UNFINISHED / "folder", (0, 0))
    assert put(root, "k")


# What cannot be done now.


@pytest.mark.parametrize("below", ["", "cold", "a/b"])
def test_a_directory_below_a_file_is_unavailable(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    root = tmp_path / "file" / below
    for call in ("put", "replace"):
        with pytest.raises(UnavailableError, match=f"{root / 'k'}: (File exists|Not a directory)"):
            CALLS[call](root, "k")
    with pytest.raises(UnavailableError, match=f"{root}: Not a directory"):
        keys(root)


def test_a_file_too_large_is_unavailable_and_leaves_nothing(root: Path) -> None:
    lines = children.run("put_large", root)
    assert lines == [*(f"UnavailableError: {root / 'a' / name}: File too large" for name in "kl"), "True"]
    assert keys(root) == ["a/m"]
    assert not unfinished(root)


def test_a_process_without_file_descriptors_is_told(root: Path) -> None:
    lines = children.run("put_without_descriptors", root)
    assert lines == [
        "True",
        *(f"UnavailableError: {place}: Too many open files" for place in (root / "l", root / "k", root)),
        "True",
    ]
    assert keys(root) == ["k", "l"]


def test_a_directory_without_rights_is_unavailable() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        put(root, "k")
        put(root, "secret/k")
        for path, mode in ((root / "secret", 0o000), (root / "k", 0o000), (root, 0o555)):
            path.chmod(mode)
        lines = children.run("bucket_without_rights", root)
        for path in (root, root / "secret"):
            path.chmod(0o755)
        assert keys(root) == ["k", "secret/k"]
    places = ("l", "k", "k", "secret/k", "secret")
    assert lines == [f"UnavailableError: {root / place}: Permission denied" for place in places]


class Disk:
    """Stands before `os.fsync`, which no real disk can be made to fail; notes what was synced, and fails for some."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.synced: list[str] = []
        self.fails = ""
        self.fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        place = str(path.relative_to(self.root.parents[1]))
        self.synced.append("file" if UNFINISHED in path.parts else place)
        if self.synced[-1] == self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.fsync(descriptor)


@pytest.fixture
def disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    if not Path("/proc/self/fd").exists():
        pytest.skip("tells files apart by /proc")
    return Disk(root, monkeypatch)


def test_a_file_and_all_new_folders_are_brought_to_the_disk(root: Path, disk: Disk) -> None:
    put(root, "a/b/k")
    assert disk.synced == [".", "store", "store/cold", "file", "store/cold", "store/cold/a", "store/cold/a/b"]
    disk.synced.clear()
    assert not put(root, "a/b/k")
    assert disk.synced == ["file", "store/cold/a/b"]
    disk.synced.clear()
    CALLS["delete"](root, "a/b/k")
    assert disk.synced == ["store/cold/a/b"]


@pytest.mark.parametrize("if_absent", [True, False])
def test_content_that_does_not_reach_the_disk_is_not_put(root: Path, disk: Disk, if_absent: bool) -> None:
    disk.fails = "file"
    with pytest.raises(UnavailableError, match=f"{root / 'a' / 'k'}: Input/output error") as caught:
        put(root, "a/k", if_absent=if_absent)
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert keys(root) == []
    assert not unfinished(root)


@pytest.mark.parametrize("call", ["put", "replace", "delete"])
def test_a_name_that_may_not_reach_the_disk_has_an_unknown_outcome(root: Path, disk: Disk, call: str) -> None:
    put(root, "a/k" if call == "delete" else "a/l")
    disk.fails = "store/cold/a"
    with pytest.raises(OutcomeUnknownError, match=f"{root / 'a' / 'k'}: Input/output error"):
        CALLS[call](root, "a/k")
    assert not unfinished(root)
