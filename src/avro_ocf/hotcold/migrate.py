"""Bringing a database to this library's version, and back."""

from avro_ocf.errors import VersionError
from avro_ocf.hotcold.context import bind
from avro_ocf.hotcold.migrations import CREATE_VERSION, MIGRATIONS, READ_VERSION, VERSION, WRITE_VERSION
from avro_ocf.hotcold.ports import Database


async def migrate(database: Database) -> int:
    """Run the migrations that a database lacks and return the version that it had, 0 for a new one. Running it again does nothing.

    Raises `VersionError` for a database that a newer version of this library made; nothing is changed then.
    """
    _, rows = await database.batch([bind(CREATE_VERSION), bind(READ_VERSION)])
    before = int(rows[0]["version"]) if rows else 0
    if before > VERSION:
        raise VersionError(f"the database has version {before}, and this library works up to {VERSION}: update it")
    for migration in MIGRATIONS:
        if migration.version > before:
            await database.batch([*map(bind, migration.up), bind(WRITE_VERSION, migration.version)])
    return before


async def roll_back(database: Database, version: int) -> None:
    """Undo the migrations above `version`. What only they hold is lost: records in their tables, for version 0 all rows."""
    for migration in reversed(MIGRATIONS):
        if migration.version > version:
            await database.batch([*map(bind, migration.down), bind(WRITE_VERSION, migration.version - 1)])
