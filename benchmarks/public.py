"""Schemas as strangers have them, written anew after public documentation, each field with values of its own kind."""

import random
from collections.abc import Iterable
from typing import Any, NamedTuple
from zlib import crc32

from benchmarks.distributions import (
    START_MS,
    Kind,
    annotated,
    blob,
    choice,
    code,
    count,
    day,
    decimal,
    enum,
    few,
    flag,
    many,
    mapping,
    moment,
    number,
    of,
    one_of,
    optional,
    real,
    record,
    records,
    rising,
    text,
    uuid,
    words,
)

METHODS = one_of("GET", "GET", "GET", "POST", "PUT", "DELETE")
PAGES = few("/products/category-", 300)
COUNTRIES = one_of("JP", "US", "DE", "BR", "IN", "FR", "GB", "KE")


class Public(NamedTuple):
    """One workload: its name, its schema, and `count` records of it."""

    name: str
    kind: Kind

    def records(self, how_many: int) -> list[Any]:
        return records(self.kind, how_many, crc32(self.name.encode()))


def public() -> Iterable[Public]:
    """Yield all of them."""
    for make in (
        change_events,
        event_hubs,
        bigquery,
        snowflake,
        iceberg,
        spark,
        kafka_connect,
        clickstream,
        sensors,
        orders,
        logs,
        wide_rows,
        embeddings,
        comments,
        enums,
        trades,
        telemetry,
        profiles,
    ):
        yield Public(make.__doc__ or "", make())


def change_events() -> Kind:
    """Debezium change events"""
    row = record(
        "Value",
        id=number(1, 2_000_000),
        first_name=words(1, 1),
        email=text("user{}@example.com"),
        balance=annotated(decimal(10, 2), **{"connect.name": "org.apache.kafka.connect.data.Decimal", "connect.version": 1}),
        is_active=flag(0.9),
        updated_at=annotated(rising(START_MS * 1000, 900_000), **{"connect.name": "io.debezium.time.MicroTimestamp"}),
    )
    again = of("Value", row.draw)
    source = record(
        "Source",
        {"namespace": "io.debezium.connector.mysql"},
        version=one_of("2.7.0.Final"),
        connector=one_of("mysql"),
        name=one_of("shop"),
        ts_ms=rising(START_MS, 900),
        snapshot=optional(one_of("true", "last", "false"), 0.1),
        db=one_of("inventory"),
        table=optional(few("table_", 12), 0.02),
        server_id=code(1, 184054, type_="long"),
        file=few("mysql-bin.00", 3),
        pos=rising(4, 480),
        row=code(0, 0, 0, 1),
    )
    attributes = {"namespace": "shop.inventory.customers", "connect.name": "shop.inventory.customers.Envelope"}
    return record(
        "Envelope",
        attributes,
        before=optional(row, 0.5),
        after=optional(again, 0.1),
        source=source,
        op=one_of("c", "u", "u", "d"),
        ts_ms=optional(rising(START_MS, 900), 0),
    )


def event_hubs() -> Kind:
    """Event Hubs Capture"""
    value = choice(of("string", words(1, 2).draw), of("long", number(0, 2**40).draw), of("double", real(0, 1).draw))
    return record(
        "EventData",
        {"namespace": "Microsoft.ServiceBus.Messaging"},
        SequenceNumber=rising(8_000_000, 1),
        Offset=text("{}"),
        EnqueuedTimeUtc=text("11/24/2025 4:00:00.{} PM"),
        SystemProperties=mapping(value, ["x-opt-kafka-key", "x-opt-publisher"]),
        Properties=mapping(value, ["region", "kind", "retries", "trace"], 1),
        Body=optional(blob(60, 240), 0.01),
    )


def bigquery() -> Kind:
    """BigQuery export"""
    place = record("Place", city=optional(few("City ", 200)), country=optional(COUNTRIES), lat=optional(real(-90, 90, 6)))
    return record(
        "Root",
        id=optional(number(0, 2**48, "long"), 0),
        name=optional(words(1, 3), 0.1),
        score=optional(real(0, 1), 0.3),
        is_new=optional(flag(0.2), 0.05),
        born=optional(annotated(text("19{}-01-01"), sqlType="DATE"), 0.4),
        seen=optional(moment("micros"), 0.05),
        place=optional(place, 0.2),
        tags=many(few("tag-", 40), 0, 5),
    )


def snowflake() -> Kind:
    """Snowflake export"""
    return record(
        "snowflake_record",
        C_CUSTKEY=optional(decimal(38, 0), 0),
        C_NAME=optional(text("Customer#{}"), 0),
        C_NATIONKEY=optional(decimal(4, 0), 0),
        C_PHONE=optional(text("13-{}-555"), 0.02),
        C_ACCTBAL=optional(decimal(12, 2), 0.02),
        C_MKTSEGMENT=optional(one_of("AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY"), 0),
        C_COMMENT=optional(words(4, 12), 0.1),
    )


def iceberg() -> Kind:
    """Iceberg manifests"""
    sizes = record("k117_v118", key=code(1, 2, 3, 4, 5), value=number(1_000, 90_000_000, "long"))
    bounds = record("k126_v127", key=code(1, 2, 3, 4, 5), value=blob(4, 16))
    data_file = record(
        "r2",
        file_path=text("s3://lake/db/table/data/00000-{}-c0ffee-00001.parquet"),
        file_format=one_of("PARQUET"),
        partition=record("r102", day=optional(code(20_400, 20_401, 20_402), 0)),
        record_count=number(10_000, 4_000_000, "long"),
        file_size_in_bytes=number(1_000_000, 500_000_000, "long"),
        column_sizes=optional(many(sizes, 5, 5), 0),
        lower_bounds=optional(many(bounds, 5, 5), 0),
        split_offsets=optional(many(number(4, 400_000_000, "long"), 1, 4), 0),
        sort_order_id=optional(code(0), 0),
    )
    return record(
        "manifest_entry",
        status=code(0, 1, 1, 2),
        snapshot_id=optional(number(2**60, 2**62, "long"), 0.1),
        sequence_number=optional(count(400, "long"), 0.1),
        data_file=data_file,
    )


def spark() -> Kind:
    """Spark rows"""
    return record(
        "topLevelRecord",
        trip_id=optional(number(0, 2**40, "long"), 0, is_last=True),
        vendor=optional(code(1, 2), 0.01, is_last=True),
        pickup=optional(moment("micros"), 0, is_last=True),
        dropoff=optional(moment("micros"), 0.01, is_last=True),
        passengers=optional(count(1.5), 0.02, is_last=True),
        distance=optional(real(0, 40, 2), 0.01, is_last=True),
        zone=optional(few("Zone ", 260), 0.05, is_last=True),
        fare=optional(real(3, 90, 2), 0.01, is_last=True),
        tip=optional(real(0, 20, 2), 0.4, is_last=True),
        paid_by=optional(one_of("card", "cash", "app"), 0.01, is_last=True),
    )


def kafka_connect() -> Kind:
    """Kafka Connect rows"""
    attributes = {"namespace": "io.confluent.connect.avro", "connect.version": 1}
    return record(
        "ConnectDefault",
        attributes,
        ID=number(1, 900_000),
        SKU=annotated(text("SKU-{}"), **{"avro.java.string": "String"}),
        QTY=annotated(count(3), **{"connect.type": "int16"}),
        PRICE=optional(real(1, 900, 2), 0.02),
        WAREHOUSE=few("WH", 9),
        CREATED=annotated(moment(), **{"connect.name": "org.apache.kafka.connect.data.Timestamp"}),
        NOTE=optional(words(2, 6), 0.7),
    )


def clickstream() -> Kind:
    """Clickstream"""
    return record(
        "PageView",
        event_id=uuid(),
        session=number(2**40, 2**41, "long"),
        at=moment(),
        url=PAGES,
        referrer=optional(few("https://search.example/?q=", 500), 0.5),
        agent=few("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 build ", 30),
        country=COUNTRIES,
        viewport=record("Viewport", width=code(360, 390, 768, 1280, 1920), height=code(640, 844, 1024, 720, 1080)),
        kind=enum("Action", "VIEW", "CLICK", "SCROLL", "SUBMIT"),
        campaign=mapping(few("c-", 20), ["utm_source", "utm_medium", "utm_campaign"]),
        ms_on_page=optional(count(9000), 0.3),
    )


def sensors() -> Kind:
    """Sensor readings"""
    return record(
        "Reading",
        device=few("dev-", 50),
        at=rising(START_MS, 1000),
        temperature=real(-20, 45, 2),
        humidity=real(0, 100, 1),
        pressure=real(950, 1050, type_="float"),
        battery=code(*range(20, 101)),
        is_charging=flag(0.1),
    )


def orders() -> Kind:
    """Orders with lines"""
    line = record("Line", sku=few("SKU-", 2000), quantity=count(2), price=decimal(10, 2), discount=optional(decimal(4, 2), 0.8))
    address = record("Address", street=words(2, 3), city=few("City ", 200), postcode=text("{}"), country=COUNTRIES)
    return record(
        "Order",
        id=text("ORD-{}"),
        customer=number(1, 500_000, "long"),
        placed=moment(),
        state=enum("State", "PAID", "SHIPPED", "NEW", "RETURNED"),
        lines=many(line, 1, 8),
        ship_to=address,
        note=optional(words(3, 10), 0.8),
    )


def logs() -> Kind:
    """Logs with maps"""
    return record(
        "LogLine",
        at=moment("micros", 20),
        level=enum("Level", "INFO", "DEBUG", "WARN", "ERROR"),
        logger=few("com.example.service.Handler", 25),
        thread=few("worker-", 16),
        message=words(4, 14),
        labels=mapping(few("v", 100), ["host", "pod", "zone", "version", "tenant", "trace"], 3),
        status=optional(code(200, 200, 200, 301, 404, 500), 0.4),
        took_ms=optional(count(35), 0.4),
    )


def wide_rows() -> Kind:
    """Wide nullable rows"""
    kinds = (count(20), real(0, 1000, 2), few("value-", 50), number(0, 2**40, "long"), flag(0.3), code(0, 1, 2))
    return record("Wide", None, **{f"column_{place:02d}": optional(kinds[place % 6], place % 10 / 10) for place in range(60)})


def embeddings() -> Kind:
    """Arrays of numbers"""
    return record(
        "Embedding",
        id=rising(1, 3),
        vector=many(real(-1, 1, type_="float"), 64, 64),
        tokens=many(number(0, 50_000), 16, 64),
        neighbours=many(number(0, 2**40, "long"), 8, 8),
    )


def comments() -> Kind:
    """Deep optional trees"""
    leaf = record("Comment", author=few("user", 900), text=words(2, 12), votes=count(6), replies=of({}, lambda *_: []))
    schema = {**leaf.schema, "fields": [*leaf.schema["fields"][:3], {"name": "replies", "type": TREE}]}

    def draw(source: random.Random, index: int, depth: int = 0) -> dict[str, Any]:
        comment: dict[str, Any] = leaf.draw(source, index)
        how_many = min(int(source.expovariate(1)), 4) if depth < 6 else 0
        comment["replies"] = [draw(source, index, depth + 1) for _ in range(how_many)] or None
        return comment

    return Kind(schema, draw)


TREE = ["null", {"type": "array", "items": "Comment"}]


def enums() -> Kind:
    """Enums and flags"""
    return record(
        "Card",
        suit=enum("Suit", "SPADES", "HEARTS", "DIAMONDS", "CLUBS"),
        rank=enum("Rank", *["A", "K", "Q", "J", "T", "R9", "R8", "R7", "R6", "R5", "R4", "R3", "R2"]),
        player=few("p", 8),
        round=code(*range(1, 14)),
        seat=enum("Seat", "NORTH", "EAST", "SOUTH", "WEST"),
        is_trump=flag(0.25),
        is_lead=flag(0.25),
        points=code(0, 0, 0, 1, 10),
    )


def trades() -> Kind:
    """Decimals and timestamps"""
    return record(
        "Trade",
        id=uuid(),
        symbol=few("SYM", 80),
        side=enum("Side", "BUY", "SELL"),
        price=decimal(18, 4),
        quantity=decimal(12, 2),
        fee=optional(decimal(10, 6), 0.2),
        at=moment("micros", 5),
        settles=day(),
        venue=one_of("XTKS", "XNYS", "XLON"),
    )


def telemetry() -> Kind:
    """Values of several types"""
    value = choice(real(0, 100, 3), number(0, 100_000, "long"), of("boolean", flag().draw), few("state-", 6))
    point = record("Point", name=few("metric.cpu.core", 40), value=value, unit=optional(one_of("ms", "B", "%"), 0.3))
    return record("Batch", host=few("host-", 60), at=rising(START_MS, 10_000), points=many(point, 3, 12))


def profiles() -> Kind:
    """User profiles"""
    address = record("Home", street=optional(words(2, 3), 0.1), city=optional(few("City ", 200)), country=optional(COUNTRIES))
    return record(
        "User",
        id=number(1, 5_000_000, "long"),
        name=words(1, 2),
        emails=many(text("user{}@example.com"), 1, 2),
        born=optional(day(), 0.5),
        home=optional(address, 0.4),
        languages=many(one_of("ja", "en", "de", "pt", "hi"), 0, 3),
        is_staff=flag(0.02),
        settings=mapping(one_of("on", "off", "auto"), ["theme", "mail", "sms", "beta"], 1),
        joined=moment(),
    )
