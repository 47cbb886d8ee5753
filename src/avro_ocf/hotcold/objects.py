"""How an object comes to be live: the one protocol that archiving and compaction share.

1. Stage: its row is inserted as `staged`, on a path never used before. The row comes before the object, so no object is unknown.
2. Put: the object is put if absent, then its size is looked at.
3. Commit: one batch makes the file `live`, inserts its blocks and removes what it replaces, if all of that is still as it was.

A state only ever goes staged, live, dead, gone, or from staged straight to dead. A crash leaves a staged file, which `collect`
gives up. Where an answer was lost, the state tells; nothing is cleaned up on doubt.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Final

from avro_ocf.errors import ConflictError, DamagedError, NotFoundError, OutcomeUnknownError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.build import ColdBlock, ColdFile
from avro_ocf.hotcold.context import Context, bind, guarded, json_lists
from avro_ocf.hotcold.ports import Statement
from avro_ocf.hotcold.record_keys import encode_keys

ATTEMPTS: Final = 3
"""How often a write whose answer was lost is tried. Each write here is safe to repeat."""


async def store_files(context: Context, files: list[ColdFile], guards: list[Statement], changes: list[Statement]) -> bool:
    """Make `files` live together with all `changes` if all `guards` hold, and return whether that is so now.

    False means that what the files were made of has changed meanwhile, or that they were given up. Raises `OutcomeUnknownError`
    when that cannot be found out, and `DamagedError` when the bucket does not keep what is put.
    """
    for file in files:
        await _stage(context, file)
        if not await _put(context, file):
            return False
    return await _commit(context, files, guards, changes)


async def _stage(context: Context, file: ColdFile) -> None:
    statement = insert_file(context, file)
    for attempt in range(ATTEMPTS):
        try:
            await context.database.batch([statement])
        except ConflictError:
            if (await _state(context, file.path))[1] != file.checksum:  # else the row is ours, and an answer was lost
                raise
        except OutcomeUnknownError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        return


async def _put(context: Context, file: ColdFile) -> bool:
    """Put the file's object, and return whether it is there; False when it was given up, and so maybe deleted, meanwhile."""
    for attempt in range(ATTEMPTS):
        try:
            is_new = await context.bucket.put(file.path, file.chunks, if_absent=True)
        except OutcomeUnknownError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        break
    if is_new:
        info = await context.bucket.head(file.path)
        is_whole = info is not None and info.size == file.size
    else:  # an answer was lost, or the bucket has what nobody knows of
        is_whole = await _is_there(context, file)
    if not is_whole and (await _state(context, file.path))[0] == "staged":
        raise DamagedError(f"{file.path}: what the bucket has is not what was put")
    return is_whole


async def _is_there(context: Context, file: ColdFile) -> bool:
    try:
        found = await context.bucket.get(file.path, 0, file.size + 1)
    except NotFoundError:
        return False
    return hashlib.sha256(found).hexdigest() == file.checksum


async def _commit(context: Context, files: list[ColdFile], guards: list[Statement], changes: list[Statement]) -> bool:
    paths = [file.path for file in files]  # all become live or none, so one tells for all
    batch = guarded(
        [guard_files(paths, "staged"), *guards],
        [
            bind(sql.SET_STATE, json.dumps(paths), "live", context.clock()),
            *(statement for file in files for statement in insert_blocks(file.path, file.blocks)),
            *changes,
        ],
    )
    for _ in range(ATTEMPTS):
        try:
            await context.database.batch(batch)
        except ConflictError:
            if (await _state(context, paths[0]))[0] == "live":  # an answer was lost
                return True
            await give_up(context, paths)
            return False
        except OutcomeUnknownError as error:
            unknown = error
            state, _ = await _state(context, paths[0])
            if state != "staged":
                return state == "live"
        else:
            return True
    raise unknown


async def give_up(context: Context, paths: Iterable[str]) -> None:
    """Mark files dead that are still staged: they can never become live afterwards."""
    await context.database.batch([bind(sql.GIVE_UP_FILE, path, context.clock()) for path in paths])


def insert_file(context: Context, file: ColdFile) -> Statement:
    """Return the statement that inserts a file's row as `staged`."""
    return bind(
        sql.INSERT_FILE,
        *(file.path, file.size, file.codec, context.clock(), *file.group, file.header.hex(), file.header_size, file.checksum),
        *(file.record_count, file.raw_bytes, file.end_timestamp),
    )


def guard_files(paths: list[str], state: str) -> Statement:
    """Return the statement that undoes its batch unless all files of these `paths` are in `state`."""
    return bind(sql.GUARD_FILES, json.dumps(paths), len(paths), state)


def insert_blocks(path: str, blocks: Iterable[ColdBlock]) -> list[Statement]:
    """Return the statements that insert a file's rows of `block_indexes`."""
    return [bind(sql.INSERT_BLOCKS, path, listed) for listed in json_lists(map(block_row, blocks))]


def block_row(block: ColdBlock) -> tuple[object, ...]:
    """Return what the index says of a block, from its dataset to its record keys in hexadecimal digits."""
    first, last = block.keys[0], block.keys[-1]
    place = (block.dataset_id, block.start_byte, block.length, len(block.keys))
    return (*place, first.timestamp, last.timestamp, block.checksum, encode_keys(block.keys).hex())


async def _state(context: Context, path: str) -> tuple[str, str]:
    """Return the state and checksum of a file's row."""
    rows = await context.query(sql.READ_STATE, path)
    if not rows:
        raise NotFoundError(f"{path}: its row is gone")
    return rows[0]["state"], rows[0]["checksum"]
