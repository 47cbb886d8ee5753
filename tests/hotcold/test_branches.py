"""A union's branch is never lost: whatever a record came as and wherever it is, it reads as the branch that it was sent as."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import Reader, Schema, Writer, check_compatibility, parse_schema
from avro_ocf.errors import ConflictError, SchemaError
from avro_ocf.hotcold import Settings
from avro_ocf.hotcold.bodies import records_of_text
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from tests.hotcold.random_records import UNIONS
from tests.hotcold.stores import NOW_MS, SMALL, Rig, memory_rig

pytestmark = pytest.mark.host

EXTRA = {"name": "extra", "type": "int", "default": 7}


def table_schema(union: Any, *more: dict[str, Any], **attributes: object) -> dict[str, Any]:
    return {"type": "record", "name": "Top", "fields": [{"name": "value", "type": union}, *more], **attributes}


@st.composite
def versions(draw: st.DrawFn) -> list[Schema]:
    """Draw one to three versions of a table, each of which can read those before."""
    union = draw(UNIONS | schemas())
    declared: list[Any] = [table_schema(union)]
    if draw(st.booleans()):
        declared.append(table_schema(union, doc="the same in other words"))
    if isinstance(union, list) and draw(st.booleans()):
        declared.append(table_schema(union[::-1], EXTRA))
    elif draw(st.booleans()):
        declared.append(draw(evolutions(declared[0])).reader_schema)
    made: list[Schema] = []
    for one in declared:
        try:
            schema = parse_schema(one)
        except SchemaError:  # a branch may use a type that another one, now behind it, defines
            continue
        if schema.node.type == "record" and schema not in made:
            made += [schema] * (not any(check_compatibility(reader=schema, writer=known) for known in made))
    return made


def file_of(schema: Schema, records: list[Any]) -> bytes:
    file = io.BytesIO()
    with Writer(file, schema) as writer:
        writer.write_many(records)
    return file.getvalue()


def check(rig: Rig, wanted: list[tuple[Schema, Any]], newest: Schema) -> None:
    """Check every kind of read."""
    kept = [schema.decode(schema.encode(record), newest, branches=True) for schema, record in wanted]
    plain = [schema.decode(schema.encode(record), newest) for schema, record in wanted]
    assert same(rig.read("d", "t", branches=True), kept)
    assert same(rig.read("d", "t"), plain)
    assert same(list(Reader(io.BytesIO(rig.ocf("d", "t")), branches=True)), kept)
    table = rig.run(rig.store.table("t"))
    sent = records_of_text("\n".join(rig.lines("d", "t")).encode(), table)
    assert same([newest.decode(newest.encode(record), branches=True) for record in sent], kept)
    if len(wanted) > 2:
        part = rig.ocf("d", "t", from_ms=NOW_MS + 1, to_ms=NOW_MS + len(wanted) - 1)
        assert same(list(Reader(io.BytesIO(part), branches=True)), kept[1:-1])


@settings(max_examples=100)  # each makes a store
@given(st.data(), st.sampled_from([SMALL, Settings(block_bytes=1), Settings()]))
def test_a_record_keeps_its_branches_wherever_it_is(data: st.DataObject, sizes: Settings) -> None:
    wanted: list[tuple[Schema, Any]] = []
    with memory_rig(sizes) as rig:
        for number, schema in enumerate(data.draw(versions()), 1):
            try:
                rig.run(rig.store.add_table("t", schema))
            except ValueError as error:
                assert "bytes are not always UTF-8" in str(error)  # which no rule of Avro says
                break
            for record in data.draw(st.lists(from_schema(schema.node, branches=True), max_size=3)):
                posted = file_of(schema, [record]) if data.draw(st.booleans()) else [record]
                rig.ingest("d", "t", posted, timestamp=NOW_MS + len(wanted), table_version=number)
                wanted.append((schema, record))
            newest = schema
            check(rig, wanted, newest)
            if data.draw(st.booleans()):
                rig.archive()
                check(rig, wanted, newest)
        rig.archive()
        rig.store = rig.another(sizes._replace(codec="null"))
        check(rig, wanted, newest)
        rig.run(rig.store.compact())
        check(rig, wanted, newest)
        rig.verify()
        if wanted:
            rig.lose_database()
            rig.run(rig.store.reindex())
            check(rig, wanted, max(rig.run(rig.store.table("t")).schemas.items())[1])


def test_blocks_of_a_version_that_writes_alike_are_copied_as_they_are() -> None:
    first, second = table_schema("string"), table_schema("string", doc="said once more")
    with memory_rig(Settings(codec="null")) as rig:
        rig.run(rig.store.add_table("t", first))
        rig.ingest("d", "t", [{"value": "old"}], timestamp=1)
        path = rig.archive().files[0]
        rig.run(rig.store.add_table("t", second))
        rig.ingest("d", "t", [{"value": "new"}], timestamp=2)
        file = rig.ocf("d", "t")
        assert [record["value"] for record in Reader(io.BytesIO(file))] == ["old", "new"]
        assert "said once more" in Reader(io.BytesIO(file)).header.schema.json
        assert b"\x02\x08\x06old" in rig.object(path)
        assert b"\x02\x08\x06old" in file


PETS = [{"type": "record", "name": name, "fields": [{"name": "name", "type": "string"}]} for name in ("Cat", "Dog")]


def test_an_id_knows_an_upload_again_by_its_branches(rig: Rig) -> None:
    """The same fields under another branch are other content; a file and its records are the same."""
    schema = parse_schema(table_schema(PETS))
    rig.run(rig.store.add_table("t", schema))
    cat, dog = [{"value": ("Cat", {"name": "rex"})}], [{"value": ("Dog", {"name": "rex"})}]
    assert not rig.ingest("d", "t", file_of(schema, dog), upload_id="u").is_replay
    assert rig.ingest("d", "t", dog, upload_id="u").is_replay
    assert rig.ingest("d", "t", file_of(schema, dog), upload_id="u").is_replay
    for other in (cat, file_of(schema, cat), [{"value": {"name": "rex"}}]):
        with pytest.raises(ConflictError, match="other content"):
            rig.ingest("d", "t", other, upload_id="u")
