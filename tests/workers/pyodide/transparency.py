"""The store is transparent over `D1` and `R2` too: the same machines, in fewer steps."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from hypothesis import settings

from avro_ocf.adapters.d1 import D1
from avro_ocf.adapters.r2 import R2
from tests.hotcold.machine import StoreMachine
from tests.hotcold.stores import SMALL, Clock, Rig
from tests.hotcold.test_transparency import JsonMachine
from tests.hotcold.test_transparency_of_versions import VersionMachine
from tests.workers.pyodide.conftest import SyncRunner, clean_env


@contextmanager
def bindings_rig(shape: str) -> Iterator[Rig]:
    """Give a store as a Worker has it."""
    env = clean_env(shape)
    yield Rig(D1(env.DB), R2(env.BUCKET), SMALL, Clock(), SyncRunner())


class OnBindings(StoreMachine):
    """A store on bindings, bare ones."""

    shape = "raw"

    def open_rig(self) -> AbstractContextManager[Rig]:
        return bindings_rig(self.shape)


class Json(OnBindings, JsonMachine):
    def check_file(self, file: bytes, wanted: list[Any]) -> None:
        StoreMachine.check_file(self, file, wanted)


class JsonInSdk(Json):
    shape = "sdk"


class Versions(OnBindings, VersionMachine):
    pass


class VersionsInSdk(Versions):
    shape = "sdk"


TestJson = Json.TestCase
TestJsonInSdk = JsonInSdk.TestCase
TestVersions = Versions.TestCase
TestVersionsInSdk = VersionsInSdk.TestCase
for case in (TestJson, TestJsonInSdk, TestVersions, TestVersionsInSdk):
    case.settings = settings(max_examples=3, stateful_step_count=15)
