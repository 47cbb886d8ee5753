"""What every `Database` does, whatever it stands on. An adapter's own test only says how to make two of them."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, NamedTuple

import pytest

from avro_ocf.errors import ConflictError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import VALUE_BYTES, Database, Row, Statement

SQL = str | tuple[str, ...]
"""A statement: its text, or its text and its parameters."""

EVERY_BYTE = bytes(range(256))


class Pair(NamedTuple):
    """Two adapters to one empty database, and the loop that both are used in."""

    loop: asyncio.Runner
    first: Database
    second: Database

    def run(self, *statements: SQL) -> list[list[Row]]:
        """Run a batch and return its rows."""
        return self.loop.run(self.first.batch(batch(*statements)))

    def one(self, sql: str, *params: str) -> Row:
        """Run one statement and return its one row."""
        [[row]] = self.run((sql, *params))
        return row

    def refuses(self, *statements: SQL) -> str:
        """Run a batch that asks for what no database gives, now or later, and return what it says."""
        with pytest.raises(StoreError) as caught:
            self.run(*statements)
        assert not isinstance(caught.value, ConflictError | UnavailableError), caught.value
        return str(caught.value)

    async def at_once(self, *batches: list[Statement]) -> list[list[list[Row]]]:
        """Run batches at the same time, every other one by the second adapter."""
        adapters = (self.first, self.second)
        return await asyncio.gather(*(adapters[index % 2].batch(statements) for index, statements in enumerate(batches)))


def batch(*statements: SQL) -> list[Statement]:
    return [Statement(one) if isinstance(one, str) else Statement(one[0], one[1:]) for one in statements]


def padded(sql: str, size: int) -> str:
    """Return a statement made `size` bytes long."""
    return f"{sql} /*{'-' * (size - len(sql.encode()) - 5)}*/"


def triggers(depth: int) -> list[SQL]:
    """Return statements of which the last one makes one trigger set off the next, `depth` deep."""
    tables = [f"CREATE TABLE t{number} (a)" for number in range(depth + 1)]
    chain = [
        f"CREATE TRIGGER r{number} AFTER INSERT ON t{number} BEGIN INSERT INTO t{number + 1} VALUES (new.a); END"
        for number in range(depth)
    ]
    return [*tables, *chain, "INSERT INTO t0 VALUES (1)"]


LIMITS: dict[str, tuple[Callable[[int], list[SQL]], int]] = {
    "bytes of SQL": (lambda size: [padded("SELECT 1", size)], 100_000),
    "bytes of SQL, not characters": (lambda size: [padded(f"SELECT '{'é' * 49_000}'", size)], 100_000),
    "parameters": (lambda count: [(f"SELECT ?{count}", *("p" for _ in range(count)))], 100),
    "bytes of a parameter": (lambda size: [("SELECT length(?1)", "p" * size)], VALUE_BYTES),
    "bytes of a value": (lambda size: [("SELECT length(?1 || ?2)", "p" * 1_000_000, "p" * (size - 1_000_000))], VALUE_BYTES),
    "columns of a table": (lambda count: [f"CREATE TABLE t ({', '.join(f'c{n}' for n in range(count))})"], 100),
    "columns of a result": (lambda count: [f"SELECT {', '.join('1' for _ in range(count))}"], 100),
    "terms of a compound SELECT": (lambda count: [" UNION ALL ".join(["SELECT 1"] * count)], 5),
    "depth of an expression": (lambda depth: [f"SELECT {'+'.join(['1'] * depth)}"], 100),
    "arguments of a function": (lambda count: [f"SELECT max({', '.join(['1'] * count)})"], 32),
    "bytes of a LIKE pattern": (lambda size: [("SELECT 'a' LIKE ?1", "%" * size)], 50),
    "triggers set off by triggers": (triggers, 10),
}
"""A batch that needs so much of something, and how much of it Cloudflare D1 grants."""


class DatabaseContract:
    """A subclass overrides `adapters`.

    `grants_more` are the `LIMITS` that the database behind an adapter does not keep, where the adapter cannot keep them for it.
    `rolled_back` is what a batch raises after `OR ROLLBACK`, which no statement of the store says.
    """

    grants_more: ClassVar[AbstractSet[str]] = frozenset()
    rolled_back: ClassVar[type[StoreError]] = ConflictError

    @pytest.fixture
    def adapters(self) -> object:
        """Return or yield two adapters to one database, which is empty."""
        raise NotImplementedError

    @pytest.fixture
    def pair(self, loop: asyncio.Runner, adapters: tuple[Database, Database]) -> Pair:
        return Pair(loop, *adapters)

    # What a batch gives back.

    def test_each_statement_gives_its_rows_in_its_place(self, pair: Pair) -> None:
        assert pair.run(
            "CREATE TABLE t (a INTEGER, b TEXT)",
            ("INSERT INTO t VALUES (CAST(?1 AS INTEGER), ?2), (2, 'two')", "1", "one"),
            "SELECT b, a FROM t ORDER BY a DESC",
            "SELECT a FROM t WHERE a > 2",
            ("SELECT count(*) AS count FROM t WHERE b = ?1", "two"),
        ) == [[], [], [{"b": "two", "a": 2}, {"b": "one", "a": 1}], [], [{"count": 1}]]

    def test_an_empty_batch_gives_nothing(self, pair: Pair) -> None:
        assert pair.run() == []

    def test_values_come_back_as_what_they_are(self, pair: Pair) -> None:
        row = pair.one("SELECT NULL AS n, 9007199254740991 AS i, -1.5 AS r, 'é\U0001f6a2' AS t, '' AS e")
        assert row == {"n": None, "i": 2**53 - 1, "r": -1.5, "t": "é\U0001f6a2", "e": ""}
        assert row["n"] is None

    def test_parameters_are_texts(self, pair: Pair) -> None:
        texts = ["", "7", "é\U0001f6a2", "'); DROP TABLE t; --", "a\nb\tc\\"]
        pair.run("CREATE TABLE t (a TEXT, b)")
        for text in texts:
            assert pair.one("INSERT INTO t VALUES (?1, ?1) RETURNING a, b, typeof(a) AS x, typeof(b) AS y", text) == {
                "a": text,
                "b": text,
                "x": "text",
                "y": "text",
            }

    def test_parameters_are_numbered(self, pair: Pair) -> None:
        assert pair.one("SELECT ?2 || ?1 || ?2 AS text", "a", "b") == {"text": "bab"}

    def test_other_parameters_are_refused_before_anything_is_run(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (a)")
        others: list[Any] = [7, 1.5, None, b"7", True]
        for other in others:
            with pytest.raises(TypeError):
                pair.run("INSERT INTO t VALUES (1)", ("INSERT INTO t VALUES (?1)", other))
        assert pair.one("SELECT count(*) AS count FROM t") == {"count": 0}

    @pytest.mark.parametrize("number", [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)])
    def test_64_bit_integers_travel_as_text(self, pair: Pair, number: int) -> None:
        pair.run("CREATE TABLE t (a INTEGER)", ("INSERT INTO t VALUES (CAST(?1 AS INTEGER))", str(number)))
        row = pair.one("SELECT CAST(a AS TEXT) AS text, typeof(a) AS kind FROM t WHERE a = CAST(?1 AS INTEGER)", str(number))
        assert row == {"text": str(number), "kind": "integer"}

    def test_bytes_travel_as_hex(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (a BLOB)", ("INSERT INTO t VALUES (unhex(?1))", EVERY_BYTE.hex()))
        assert pair.one("SELECT hex(a) AS a, typeof(a) AS kind, length(a) AS size FROM t") == {
            "a": EVERY_BYTE.hex().upper(),
            "kind": "blob",
            "size": 256,
        }

    def test_unhex_takes_both_cases_and_no_bytes(self, pair: Pair) -> None:
        assert pair.one("SELECT unhex('aBcD') = x'abcd' AS both, typeof(unhex('')) AS kind, length(unhex('')) AS size") == {
            "both": 1,
            "kind": "blob",
            "size": 0,
        }

    @pytest.mark.parametrize("text", ["a", "abc", "ag", " ab", "ab ", "a b", "0xab", "é", "éé", "-1"])
    def test_unhex_of_anything_else_is_null(self, pair: Pair, text: str) -> None:
        assert pair.one("SELECT unhex(?1) AS a", text) == {"a": None}

    def test_unhex_takes_what_is_not_text_as_its_text(self, pair: Pair) -> None:
        row = pair.one("SELECT hex(unhex(1234)) AS i, unhex(NULL) AS n, unhex(1.5) AS r, hex(unhex(CAST('abcd' AS BLOB))) AS b")
        assert row == {"i": "1234", "n": None, "r": None, "b": "ABCD"}

    def test_thousands_of_rows_travel_in_one_parameter(self, pair: Pair) -> None:
        rows = [
            {"id": str(2**60 + number), "data": f"{number:08x}", "by": None if number % 2 else "me"} for number in range(20_000)
        ]
        pair.run(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB, who TEXT)",
            (
                "INSERT INTO t SELECT CAST(value ->> 'id' AS INTEGER), unhex(value ->> 'data'), value ->> 'by' FROM json_each(?1)",
                json.dumps(rows),
            ),
        )
        assert pair.one("SELECT count(*) AS count, count(who) AS named, sum(length(data)) AS size FROM t") == {
            "count": 20_000,
            "named": 10_000,
            "size": 80_000,
        }
        ids = json.dumps([row["id"] for row in rows[::7]])
        sql = "SELECT count(*) AS n FROM t WHERE id IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))"
        assert pair.one(sql, ids) == {"n": len(rows[::7])}

    def test_a_json_array_keeps_its_order(self, pair: Pair) -> None:
        pair.run(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
            ("INSERT INTO t (a) SELECT value FROM json_each(?1) ORDER BY key", json.dumps([*"zyxabc"])),
        )
        assert pair.run("SELECT a FROM t ORDER BY id") == [[{"a": letter} for letter in "zyxabc"]]

    def test_returning_gives_what_was_written(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)")
        assert pair.run(
            "INSERT INTO t (a) VALUES ('x'), ('y') RETURNING id, a",
            "INSERT INTO t (a) VALUES ('x') ON CONFLICT DO NOTHING RETURNING id",
            "UPDATE t SET a = a || '!' WHERE id IN (SELECT id FROM t ORDER BY id LIMIT 1) RETURNING a",
            "DELETE FROM t RETURNING id",
        ) == [[{"id": 1, "a": "x"}, {"id": 2, "a": "y"}], [], [{"a": "x!"}], [{"id": 1}, {"id": 2}]]

    def test_a_statement_sees_how_many_rows_the_one_before_changed(self, pair: Pair) -> None:
        [*_, rows] = pair.run("CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (2), (3)", "SELECT changes() AS changes")
        assert rows == [{"changes": 3}]

    def test_autoincrement_never_gives_an_id_again(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)", "INSERT INTO t (a) VALUES (1), (2), (3)")
        pair.run("DELETE FROM t")
        assert pair.one("INSERT INTO t (a) VALUES (4) RETURNING id") == {"id": 4}
        assert pair.one("SELECT seq FROM sqlite_sequence WHERE name = 't'") == {"seq": 4}

    # All or nothing.

    def test_what_a_failed_batch_did_before_is_undone(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (a INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
        with pytest.raises(ConflictError, match="UNIQUE"):
            pair.run("INSERT INTO t VALUES (2)", "UPDATE t SET a = 3 WHERE a = 1", "CREATE TABLE u (a)", "INSERT INTO t VALUES (2)")
        assert pair.run("SELECT a FROM t", "SELECT name FROM sqlite_master WHERE name = 'u'") == [[{"a": 1}], []]

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO t VALUES (1, 1, 1)",
            "INSERT INTO t VALUES (2, NULL, 1)",
            "INSERT INTO t VALUES (2, 1, 7)",
            "INSERT INTO u VALUES (7)",
            "INSERT OR FAIL INTO t VALUES (2, 1, 1), (1, 1, 1)",
        ],
        ids=["unique", "not null", "check", "foreign key", "or fail"],
    )
    def test_a_violated_constraint_is_a_conflict_that_changes_nothing(self, pair: Pair, statement: str) -> None:
        pair.run(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a NOT NULL, b CHECK (b < 5))",
            "CREATE TABLE u (t INTEGER REFERENCES t (id))",
            "INSERT INTO t VALUES (1, 1, 1)",
        )
        with pytest.raises(ConflictError):
            pair.run("DELETE FROM u", "INSERT INTO u VALUES (1)", statement, "INSERT INTO u VALUES (1)")
        assert pair.run("SELECT id FROM t", "SELECT t FROM u") == [[{"id": 1}], []]

    def test_a_constraint_violated_only_at_the_end_is_a_conflict_too(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE u (t REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)")
        pair.run("INSERT INTO u VALUES (1)", "INSERT INTO t VALUES (1)")
        with pytest.raises(ConflictError, match="FOREIGN KEY"):
            pair.run("INSERT INTO u VALUES (2)")
        assert pair.run("SELECT t FROM u") == [[{"t": 1}]]

    def test_a_constraint_that_rolls_back_changes_nothing(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
        with pytest.raises(self.rolled_back):
            pair.run("INSERT INTO t VALUES (2)", "INSERT OR ROLLBACK INTO t VALUES (1)", "INSERT INTO t VALUES (3)")
        assert pair.run("SELECT id FROM t") == [[{"id": 1}]]

    def test_a_guard_makes_a_batch_conditional(self, pair: Pair) -> None:
        pair.run(
            "CREATE TABLE guards (ok INTEGER NOT NULL CHECK (ok))", "CREATE TABLE t (state TEXT)", "INSERT INTO t VALUES ('staged')"
        )
        commit = (
            "INSERT INTO guards (ok) SELECT (SELECT state FROM t) = 'staged'",
            "UPDATE t SET state = 'live'",
            "DELETE FROM guards",
            "SELECT state FROM t",
        )
        assert pair.run(*commit)[-1] == [{"state": "live"}]
        with pytest.raises(ConflictError, match="CHECK"):
            pair.run(*commit)
        pair.run("DELETE FROM t")
        with pytest.raises(ConflictError, match="NOT NULL"):
            pair.run(*commit)
        assert pair.run("SELECT * FROM guards", "SELECT * FROM t") == [[], []]

    @pytest.mark.parametrize(
        "statement",
        [
            "SELEKT 1",
            "SELECT a FROM nowhere",
            "INSERT INTO t VALUES (1, 2)",
            ("SELECT ?2", "a"),
            ("SELECT ?1", "a", "b"),
            "SELECT abs(-9223372036854775808)",
            "BEGIN",
            "BEGIN IMMEDIATE",
            "COMMIT",
            "END",
            "ROLLBACK",
            "SAVEPOINT a",
            "ATTACH ':memory:' AS other",
            ("SELECT ?1", "\ud800"),
            "SELECT '\ud800'",
        ],
    )
    def test_a_wrong_statement_changes_nothing(self, pair: Pair, statement: SQL) -> None:
        pair.run("CREATE TABLE t (a)")
        pair.refuses("INSERT INTO t VALUES (1)", statement, "INSERT INTO t VALUES (3)")
        assert pair.run("SELECT a FROM t") == [[]]

    # Limits.

    @pytest.mark.parametrize("what", LIMITS)
    def test_limits_are_those_of_d1(self, pair: Pair, what: str) -> None:
        statements, limit = LIMITS[what]
        if what not in self.grants_more:
            assert pair.refuses(*statements(limit + 1))
        pair.run(*statements(limit))

    def test_a_row_of_nearly_the_largest_size_is_taken(self, pair: Pair) -> None:
        half = "p" * (VALUE_BYTES // 2 - 100)
        pair.run("CREATE TABLE t (a TEXT, b TEXT)", ("INSERT INTO t VALUES (?1, ?1)", half))
        assert pair.one("SELECT length(a) + length(b) AS size FROM t") == {"size": 2 * len(half)}

    def test_bytes_of_nearly_half_the_largest_size_come_back_as_hex(self, pair: Pair) -> None:
        text = "AB" * (VALUE_BYTES // 2 - 1)  # SQLite's `hex` asks for one byte more than it gives
        pair.run("CREATE TABLE t (a BLOB)", ("INSERT INTO t VALUES (unhex(?1))", text))
        assert pair.one("SELECT hex(a) AS a FROM t") == {"a": text}

    # Several at once.

    def test_another_adapter_sees_what_a_batch_did(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
        assert pair.loop.run(pair.second.batch(batch("SELECT a FROM t"))) == [[{"a": 1}]]

    def test_batches_at_once_are_as_one_after_the_other(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (0)")
        step = batch("SELECT a FROM t", "UPDATE t SET a = a + 1", "UPDATE t SET a = a + 1 RETURNING a")
        answers = pair.loop.run(pair.at_once(*[step] * 30))
        seen = sorted((before["a"], after["a"]) for [[before], _, [after]] in answers)
        assert seen == [(2 * turn, 2 * turn + 2) for turn in range(30)]

    def test_one_of_many_that_race_past_a_guard_wins(self, pair: Pair) -> None:
        pair.run("CREATE TABLE guards (ok INTEGER NOT NULL CHECK (ok))", "CREATE TABLE t (holder TEXT)")

        async def race() -> list[object]:
            return await asyncio.gather(*(take(number) for number in range(16)))

        async def take(number: int) -> bool:
            statements = batch(
                "INSERT INTO guards SELECT (SELECT count(*) FROM t) = 0",
                ("INSERT INTO t VALUES (?1)", str(number)),
                "DELETE FROM guards",
            )
            try:
                await (pair.first, pair.second)[number % 2].batch(statements)
            except ConflictError:
                return False
            return True

        won = pair.loop.run(race())
        assert Counter(won) == {True: 1, False: 15}
        assert pair.run("SELECT holder FROM t") == [[{"holder": str(won.index(True))}]]

    def test_a_cancelled_batch_is_whole_or_nothing(self, pair: Pair) -> None:
        pair.run("CREATE TABLE t (a INTEGER)")
        slow = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO t SELECT i FROM n"

        async def cancel(turns: int) -> None:
            task = asyncio.create_task(pair.first.batch(batch(slow, "INSERT INTO t VALUES (0)")))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        for turns in range(4):
            pair.loop.run(cancel(turns))
        for _ in range(2):
            [[row]] = pair.run("SELECT count(*) % 30001 AS rest, count(*) / 30001 AS whole FROM t")
            assert row["rest"] == 0
            assert row["whole"] <= 4
            pair.run("DELETE FROM t")
