"""A database that counts what the store writes to it."""

import re
from collections import Counter
from collections.abc import Sequence

from avro_ocf.hotcold import Database, Row, Statement

CHANGES_SO_FAR = Statement("SELECT total_changes() AS changes")
TABLES = Statement(
    """SELECT m.name AS name, m.sql LIKE '%AUTOINCREMENT%' AS is_counted,
    (SELECT COUNT(*) FROM sqlite_master i WHERE i.type = 'index' AND i.tbl_name = m.name) AS index_count
  FROM sqlite_master m WHERE m.type = 'table'"""
)
WRITES = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")


class CountingDatabase:
    """A `Database` that counts, by table, the written rows that Cloudflare D1 would bill.

    D1 bills a row that is inserted, changed or deleted, and one more for each index that this touches. Here a change counts one,
    and one for each index of its table, touched or not: those of UNIQUE and PRIMARY KEY too where they are apart from the table,
    which they are not for an INTEGER PRIMARY KEY and WITHOUT ROWID. An INSERT into a table with AUTOINCREMENT counts one more, for
    the number that SQLite keeps.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._indexes: dict[str, int] = {}
        self._counted: set[str] = set()
        self.rows_written: Counter[str] = Counter()

    async def learn(self) -> None:
        """Look at the tables and their indexes; to be called once the tables are there."""
        (rows,) = await self._database.batch([TABLES])
        self._indexes = {row["name"]: row["index_count"] for row in rows}
        self._counted = {row["name"] for row in rows if row["is_counted"]}

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        asked = [CHANGES_SO_FAR, *(part for statement in statements for part in (statement, CHANGES_SO_FAR))]
        answers = await self._database.batch(asked)
        so_far = [int(rows[0]["changes"]) for rows in answers[::2]]
        for statement, before, after in zip(statements, so_far[:-1], so_far[1:], strict=True):
            if after > before and (write := WRITES.search(statement.sql)):
                kind, table = write.groups()
                keeps_count = kind == "INSERT INTO" and table in self._counted
                self.rows_written[table] += (after - before) * (1 + self._indexes.get(table, 0)) + keeps_count
        return answers[1::2]
