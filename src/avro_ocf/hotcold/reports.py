"""What the operations of a store tell. Each report is a NamedTuple of plain values, so that it is JSON as it is."""

from typing import Any, NamedTuple


class IngestReport(NamedTuple):
    """One upload: how many records it has, and whether it was there already (`is_replay`), in which case nothing was stored."""

    upload_id: str
    table_version: int
    record_count: int
    is_replay: bool


class ArchiveReport(NamedTuple):
    """One run of the archiver.

    `result` is `done`, `busy` (another run holds the lease), `paused`, `out of time` (the rest is for the next run) or `overtaken`
    (what was to be archived has changed meanwhile; so is the rest). `raw_bytes`
    are those of the archived rows, `file_bytes` those of the objects that were made of them.
    """

    result: str
    started_at_ms: int
    duration_ms: int
    files: list[str]
    record_count: int
    block_count: int
    raw_bytes: int
    file_bytes: int
    quarantined_records: int


class Check(NamedTuple):
    """One line of a checklist: what was looked at, whether it is as it should be, and what was found."""

    name: str
    is_ok: bool
    detail: str


class DoctorReport(NamedTuple):
    """Every line that the store can check of itself."""

    checks: list[Check]

    @property
    def is_ok(self) -> bool:
        """Whether every check is as it should be."""
        return all(check.is_ok for check in self.checks)


class Problem(NamedTuple):
    """Something that `verify` found: the object or table it is about, what is wrong, and whether it was repaired."""

    place: str
    problem: str
    is_repaired: bool


class VerifyReport(NamedTuple):
    """What `verify` read and what it found."""

    file_count: int
    block_count: int
    record_count: int
    hot_records: int
    problems: list[Problem]

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong, or everything that was is repaired."""
        return all(problem.is_repaired for problem in self.problems)


class CollectReport(NamedTuple):
    """What `collect` did: staged objects given up, dead ones deleted, objects without a row deleted, uploads forgotten.

    `unknown` are objects without a row that are as old but may hold records that are nowhere else: `reindex` takes them up.
    """

    given_up: list[str]
    deleted: list[str]
    strays: list[str]
    unknown: list[str]
    forgotten_uploads: int


class ExpireReport(NamedTuple):
    """The objects that `expire` marked dead, and the records in them."""

    files: list[str]
    record_count: int


class CompactReport(NamedTuple):
    """The objects that `compact` made, and the smaller ones that they replace."""

    files: list[str]
    replaced: list[str]
    record_count: int


class ResetReport(NamedTuple):
    """What `reset` removed, or would remove in a dry run: hot, cold and quarantined records, and the objects marked dead."""

    is_dry_run: bool
    hot_records: int
    cold_records: int
    quarantined_records: int
    files: int


class ReindexReport(NamedTuple):
    """What `reindex` made of the objects that no row knew.

    `files` are live now, with `record_count` records; those of `replaced` hold records that are there already, are dead now, and
    had `hot_records` others, which are hot again; those of `skipped` are left as they are.
    """

    files: list[str]
    replaced: list[str]
    skipped: list[Problem]
    record_count: int
    hot_records: int


class StatusReport(NamedTuple):
    """What the store holds, as operators want to see it.

    `oldest_row_ms` is the age of the oldest hot row, the archive's lag, or None without hot rows. `raw_bytes` are the bytes that
    the cold records took as rows, `cold_bytes` those of their objects. `unknown_objects` are those without a row that the latest
    `collect` has found and kept, or None before the first. `poison_messages` counts what a queue has delivered and nobody could
    take. `files` are the latest ones, newest first, each with its columns and `is_consistent`: whether its blocks fill it exactly.
    """

    is_paused: bool
    hot_records: int
    hot_bytes: int
    oldest_row_ms: int | None
    cold_records: int
    cold_bytes: int
    raw_bytes: int
    expired_records: int
    quarantined_records: int
    staged_files: int
    dead_files: int
    unknown_objects: int | None
    poison_messages: int
    is_resetting: bool
    tables: list[dict[str, Any]]
    files: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    poison: list[dict[str, Any]]


class OverviewReport(NamedTuple):
    """What the store holds at `at_ms`, as the monitoring page shows it: bounded, however large the store is.

    `status` is that of `StatusReport`, but its `tables` are summed up by name, those that hold most first, without
    `tables_left_out` others, and its `runs` have a `file_count` in place of their `files`. `blocks` are those of the latest files,
    in order, at most 500 of each: of a larger file, neighbours are summed up as one of datasets `dataset_id` to `last_dataset_id`,
    with a `block_count` above 1. `history` tells what the latest 1,000 runs have archived until `at_ms`, oldest first, in at most
    200 points: the bytes of the rows and of the objects that were made of them.
    """

    at_ms: int
    status: StatusReport
    tables_left_out: int
    blocks: list[dict[str, Any]]
    history: list[dict[str, int]]


def plain(report: Any) -> Any:
    """Return a report as JSON has it: NamedTuples, also those inside, as objects."""
    if isinstance(report, tuple) and hasattr(report, "_asdict"):
        return {name: plain(value) for name, value in report._asdict().items()}
    return [plain(item) for item in report] if isinstance(report, list) else report
