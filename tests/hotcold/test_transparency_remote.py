"""The same over D1's REST API and R2's S3 API, as a program outside Workers has them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, TypeVar

import pytest
from hypothesis import settings

from avro_ocf.adapters.d1_rest import D1Rest
from avro_ocf.adapters.r2_s3 import R2S3
from avro_ocf.errors import UnavailableError
from tests.hotcold.stores import SMALL, Clock, Rig
from tests.hotcold.test_transparency import JsonMachine
from tests.hotcold.test_transparency_of_versions import VersionMachine
from tests.workers.services import stub as http
from tests.workers.services.local import empty_services

pytestmark = [pytest.mark.host, pytest.mark.slow]


T = TypeVar("T")


@contextmanager
def rig_over(database: D1Rest, bucket: R2S3) -> Iterator[Rig]:
    """Give a store on a database and a bucket, each behind HTTP."""
    runner = asyncio.Runner()
    rig = Rig(database, bucket, SMALL, Clock(), runner)
    try:
        yield rig
    finally:
        runner.run(database.aclose())
        rig.close()


def remote_rig() -> AbstractContextManager[Rig]:
    """Give a store in an empty database and an empty bucket."""
    found = empty_services()
    return rig_over(found.d1(), found.r2())


class JsonMachineRemote(JsonMachine):
    def open_rig(self) -> AbstractContextManager[Rig]:
        return remote_rig()


class VersionMachineRemote(VersionMachine):
    def open_rig(self) -> AbstractContextManager[Rig]:
        return remote_rig()


TestTransparencyRemote = JsonMachineRemote.TestCase
TestTransparencyRemote.settings = settings(max_examples=4, stateful_step_count=25)
TestVersionsRemote = VersionMachineRemote.TestCase
TestVersionsRemote.settings = settings(max_examples=4, stateful_step_count=25)


def test_lost_answers_lose_no_record_and_double_none() -> None:
    def insist(operation: Callable[[], Coroutine[Any, Any, T]]) -> T:
        for _ in range(20):
            rig.clock.now_ms += 3_600_000  # past the lease of a run that an answer was lost to
            with suppress(UnavailableError):
                return rig.run(operation())
        raise AssertionError("too many answers are lost")

    local = empty_services()
    with http.serve() as d1, http.serve() as r2:
        d1.answer, r2.answer = http.lose_some(local.url, 13), http.lose_some(local.url, 3)
        with rig_over(local.d1(url=d1.url), local.r2(url=r2.url)) as rig:
            store = rig.store
            records = [{"number": number, "text": "x" * 50} for number in range(12)]
            for number, record in enumerate(records):
                insist(lambda n=number, r=record: store.ingest("user", "battle", [r], timestamp=n, upload_id=f"upload-{n}"))  # type: ignore[misc]
                if number % 4 == 3:
                    assert insist(store.archive).result == "done"
            insist(store.compact)
            insist(store.collect)
        put = [request.path for request in r2.requests if request.method == "PUT"]
        assert len(put) > len({*put})  # the store has put an object again that was there already
    with rig_over(local.d1(), local.r2()) as rig:
        assert rig.read("user", "battle") == records
        assert rig.count("buffer_logs") == 0
        rig.verify()
