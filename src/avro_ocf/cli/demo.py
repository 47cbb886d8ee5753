"""The command demo: a store's whole story on one machine, checked byte for byte."""

import argparse
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from avro_ocf.cli.arguments import Commands, add_command, folder, natural, positive
from avro_ocf.cli.output import CommandError, write_line, write_table
from avro_ocf.cli.store import check_store, progress, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from avro_ocf.cli.demo_records import Post
    from avro_ocf.hotcold import Database, HotCold
    from avro_ocf.hotcold.counting import CountingBucket
    from avro_ocf.hotcold.reports import ArchiveReport

USERS_SHOWN: Final = 3

_INDEX: Final = """SELECT b.dataset_id, b.table_name, f.id AS file_id, b.start_byte, b.length, b.record_count
  FROM block_indexes b JOIN archived_files f ON f.id = b.file_id WHERE f.state = 'live' AND b.dataset_id <= ?1
  ORDER BY b.dataset_id, b.table_name, b.start_byte"""
_FILES: Final = """SELECT SUM(file_size) AS bytes FROM archived_files WHERE state = 'live' AND id IN
  (SELECT file_id FROM block_indexes WHERE dataset_id = ?1 AND table_name = ?2)"""


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    demo = add_command(commands, demo_command, "a store's whole story, checked byte for byte")
    demo.add_argument("--users", type=positive, default=50, metavar="N", help="how many users post (default: %(default)s)")
    demo.add_argument("--store", type=folder, metavar="DIR", help="keep the store in this new folder (default: a temporary one)")
    demo.add_argument("--seed", type=natural, default=1, metavar="N", help="other records for each number (default: %(default)s)")


def demo_command(args: argparse.Namespace) -> None:
    """Let users post battles, archive them, post more, and read them back from hot and cold, with the bytes that this takes.

    It fails if a record does not read back as it was posted, to the byte, at any time.
    """
    from random import Random

    from avro_ocf.adapters.directory import Directory
    from avro_ocf.adapters.sqlite import SQLite
    from avro_ocf.cli.demo_records import user_name
    from avro_ocf.hotcold import HotCold
    from avro_ocf.hotcold.counting import CountingBucket

    random = Random(args.seed)  # noqa: S311 - so that equal seeds print the same; a store of its own has no names to guess
    with ExitStack() as stack:
        place = args.store or stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        paths = check_store(place, "create")
        if paths.has_database:
            raise CommandError(f"{place}: there is a store already, and the demo makes one of its own")
        database = stack.enter_context(SQLite(paths.database))
        bucket = CountingBucket(Directory(paths.cold))
        store = HotCold(database, bucket, token=lambda: random.randbytes(16))
        on_progress = stack.enter_context(progress("demo"))
        users = [user_name(number) for number in range(1, args.users + 1)]
        wait_for(_Demo(store, database, bucket, users, args.seed, on_progress).run())


class _Demo:
    """One telling of the story. Of what is archived only hashes are kept, so that there may be many users."""

    def __init__(
        self,
        store: "HotCold",
        database: "Database",
        bucket: "CountingBucket",
        users: list[str],
        seed: int,
        on_progress: "Callable[[int, int], None]",
    ) -> None:
        self.store = store
        self.database = database
        self.bucket = bucket
        self.users = users
        self.seed = seed
        self.on_progress = on_progress
        self.late: dict[str, Post] = {}
        self.early_hashes: dict[tuple[str, str], bytes] = {}
        self.all_hashes: dict[tuple[str, str], bytes] = {}
        self.steps = 0

    async def run(self) -> None:
        """Tell it. Raises `CommandError` when it does not come out as promised."""
        json_bytes = await self.post_early()
        await self.check("hot", self.early_hashes)
        self.tell_archive(await self.store.archive(), json_bytes)
        await self.tell_index()
        await self.check("cold", self.early_hashes)
        await self.post_late()
        await self.tell_one_user()
        await self.check("hot and cold", self.all_hashes)
        verified = await self.store.verify()
        if not verified.is_ok:
            raise CommandError(f"the store is not well: {verified.problems}")
        write_line("")
        write_line(f"ok: what {self.told_users()} posted reads back byte for byte, while hot, while cold, and from both at once")

    async def post_early(self) -> int:
        """Post what will be archived, and return its bytes as lines of JSON."""
        from avro_ocf.cli.demo_records import BATTLE_SCHEMA, BATTLES, SETTINGS, TIMESTAMP_FIELD, lines_of, posts_of

        await self.store.add_table(BATTLES, BATTLE_SCHEMA, timestamp_field=TIMESTAMP_FIELD)
        counts = {BATTLES: 0, SETTINGS: 0}
        json_bytes = 0
        for user in self.users:
            early, self.late[user] = posts_of(user, self.seed)
            for post in early:
                await self.store.ingest(user, post.table, post.records, timestamp=post.timestamp)
                counts[post.table] += len(post.records)
            for table in counts:
                lines = lines_of(early, table)
                json_bytes += len(lines)
                self.early_hashes[user, table] = _hash(lines)
                self.all_hashes[user, table] = _hash(lines_of([*early, self.late[user]], table))
            self.step()
        battles, settings = counts[BATTLES], counts[SETTINGS]
        write_line(f"{battles:,} battles, by a schema, and {settings:,} settings, plain JSON, come from {self.told_users()}")
        return json_bytes

    async def post_late(self) -> None:
        """Post what stays hot."""
        for user, post in self.late.items():
            await self.store.ingest(user, post.table, post.records, timestamp=post.timestamp)
            self.step()
        count = sum(len(post.records) for post in self.late.values())
        write_line("")
        write_line(f"{count:,} battles more come in, half of them older than what is archived; these stay hot")

    def tell_archive(self, report: "ArchiveReport", json_bytes: int) -> None:
        """Tell what became of the hot records."""
        if report.result != "done" or report.quarantined_records:
            raise CommandError(f"archiving did not come to its end: {report}")
        saved = 100 * (1 - report.file_bytes / json_bytes)
        files, blocks = len(report.files), report.block_count
        write_line(f"the archiver moves them into {files} objects of {blocks} blocks, each of one user alone:")
        write_line(f"  {json_bytes:,} bytes of JSON are {report.file_bytes:,} bytes cold, {saved:.1f} % saved")

    async def tell_index(self) -> None:
        """Tell where the records of some users are."""
        from avro_ocf.hotcold import Statement

        last = self.users[:USERS_SHOWN][-1]
        (rows,) = await self.database.batch([Statement(_INDEX, (last,))])
        columns = ("user", "table", "object", "start_byte", "length", "record_count")
        write_line("")
        write_table(columns, [list(row.values()) for row in rows])

    async def tell_one_user(self) -> None:
        """Tell what it takes to read one user's battles, and what it would take without an index."""
        from avro_ocf.cli.demo_records import BATTLES
        from avro_ocf.hotcold import Statement

        user = self.users[len(self.users) // 2]
        self.bucket.clear()
        count = len([record async for record in self.store.read(user, BATTLES)])
        hot = len(self.late[user].records)
        gets, read = self.bucket.gets, self.bucket.bytes_read
        ((whole,),) = await self.database.batch([Statement(_FILES, (user, BATTLES))])
        write_line(f"{user} reads {count} battles in order, {count - hot} cold and {hot} hot:")
        write_line(f"  {gets} range request{'s' * (gets != 1)} of {read:,} bytes; whole objects would be {whole['bytes']:,} bytes")

    async def check(self, stage: str, hashes: dict[tuple[str, str], bytes]) -> None:
        """Raise `CommandError` unless what every user reads is what was posted, to the byte."""
        from avro_ocf.cli.demo_records import line_of

        for number, (user, table) in enumerate(hashes):
            lines = [line_of(record) async for record in self.store.read(user, table)]
            if _hash(b"".join(lines)) != hashes[user, table]:
                raise CommandError(f"{user}, {table}: what is read while {stage} is not what was posted")
            self.step(number % 2)

    def told_users(self) -> str:
        """Return how many users there are."""
        return f"{len(self.users)} user{'s' * (len(self.users) != 1)}"

    def step(self, count: int = 1) -> None:
        """Tell those who wait that another user is done, of five times all."""
        self.steps += count
        self.on_progress(self.steps, 5 * len(self.users))


def _hash(lines: bytes) -> bytes:
    from hashlib import sha256

    return sha256(lines).digest()
