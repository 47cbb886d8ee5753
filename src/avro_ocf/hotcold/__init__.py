"""The hot/cold store: records arrive hot in a SQL table, move cold into container files, and are read as one.

`HotCold` is the store; `Database` and `Bucket` are what it asks of the outside world, and `avro_ocf.adapters` has what fits them.
Every operation returns a report of `avro_ocf.hotcold.reports`.
"""

from avro_ocf.hotcold.ports import Bucket, Database, ObjectInfo, Row, Statement
from avro_ocf.hotcold.settings import Settings
from avro_ocf.hotcold.store import HotCold

__all__ = ["Bucket", "Database", "HotCold", "ObjectInfo", "Row", "Settings", "Statement"]
