"""The bindings of a Worker, for tests that run inside Pyodide beside them: see `run.mjs`."""

import importlib.util
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

if importlib.util.find_spec("harness"):
    pytest.register_assert_rewrite(
        "tests.contract.bucket", "tests.contract.database", "tests.hotcold.machine", "tests.hotcold.stores"
    )


class SyncRunner:
    """Runs coroutines to their end in Pyodide's own event loop, while JavaScript waits for Python."""

    def run(self, coroutine: Coroutine[Any, Any, T], /) -> T:
        from pyodide.ffi import run_sync

        result: T = run_sync(coroutine)
        return result

    def close(self) -> None:
        """Do nothing: the loop is not ours."""


@pytest.fixture
def loop() -> SyncRunner:
    return SyncRunner()


def harness() -> Any:
    """Return what `run.mjs` hands over."""
    return importlib.import_module("harness")


def shaped(env: Any, shape: str) -> Any:
    """Return JavaScript's `env` as a Worker's Python sees it: bare, or what the SDK makes of it."""
    if shape == "raw":
        return env
    from workers.rpc import _EnvWrapper

    return _EnvWrapper(env)


def clean_env(shape: str) -> Any:
    """Return the bindings, to an empty database and an empty bucket."""
    SyncRunner().run(harness().reset())
    return shaped(harness().env, shape)


@pytest.fixture(params=["raw", "sdk"])
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def env(shape: str) -> Any:
    return clean_env(shape)
