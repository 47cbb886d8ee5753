"""What a timer does, also when a step of it fails."""

from collections.abc import AsyncIterator

import pytest

from avro_ocf.errors import StoreError, UnavailableError
from avro_ocf.hotcold import ObjectInfo
from tests.hotcold.stores import DAY_MS
from tests.worker.web import memory_web

pytestmark = pytest.mark.host

UPLOAD = {"dataset_id": "d", "table": "t", "records": [{"a": 1}], "timestamp": 1}


def test_a_run_archives_and_collects_and_logs_one_line() -> None:
    with memory_web() as web:
        web.post(UPLOAD)
        reports = web.rig.run(web.application.scheduled())
        assert {*reports} == {"archive", "collect"}
        assert (reports["archive"]["result"], reports["archive"]["record_count"]) == ("done", 1)
        assert web.events == [{"event": "scheduled", "failed": [], **reports}]
        assert web.records("d", "t") == [{"a": 1}]


def test_records_expire_where_a_retention_is_set() -> None:
    for retention_ms, count in ((None, 1), (DAY_MS, 0)):
        with memory_web(retention_ms=retention_ms) as web:
            web.post(UPLOAD)
            web.rig.run(web.application.scheduled())
            web.rig.clock.now_ms += 2 * DAY_MS
            reports = web.rig.run(web.application.scheduled())
            assert len(web.records("d", "t")) == count
            assert (len(reports["collect"]["deleted"]), len(web.rig.objects())) == (1 - count, count)


def test_a_budget_leaves_the_rest_to_the_next_run() -> None:
    with memory_web(archive_budget_ms=0) as web:
        web.post(UPLOAD)
        assert web.rig.run(web.application.scheduled())["archive"]["result"] == "out of time"
        assert web.call("POST", "/archive").json["result"] == "out of time"


class NoPuts:
    """A bucket that takes nothing."""

    async def put(self, *_: object, **__: object) -> bool:
        raise UnavailableError("the bucket is full")

    async def list(self, *_: object) -> AsyncIterator[ObjectInfo]:
        nothing: tuple[ObjectInfo, ...] = ()
        for info in nothing:
            yield info


def test_a_step_that_fails_is_told_and_raised_and_keeps_no_other_from_running() -> None:
    with memory_web(retention_ms=DAY_MS) as web:
        web.post({**UPLOAD, "timestamp": web.rig.clock()})
        bucket = web.rig.bucket._bucket
        web.rig.bucket._bucket = NoPuts()  # type: ignore[assignment]
        with pytest.raises(StoreError, match="archive failed: the bucket is full"):
            web.rig.run(web.application.scheduled())
        (event,) = web.events
        assert event["failed"] == ["archive"]
        assert "the bucket is full" in event["archive"]["error"]
        assert (event["expire"]["files"], event["collect"]["deleted"]) == ([], [])
        web.rig.bucket._bucket = bucket
        web.rig.run(web.application.scheduled())
        assert web.records("d", "t") == [{"a": 1}]
