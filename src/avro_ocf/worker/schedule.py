"""What a timer does: archive, then expire and collect. A step that fails keeps none of the others from running."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from avro_ocf.errors import StoreError
from avro_ocf.hotcold import HotCold
from avro_ocf.hotcold.reports import plain
from avro_ocf.worker.failures import told

ARCHIVE_BUDGET_MS: Final = 20_000
"""How long one run may archive before it leaves the rest to the next."""


async def maintain(
    store: HotCold, *, archive_budget_ms: int, retention_ms: int | None, log: Callable[[dict[str, object]], None]
) -> dict[str, Any]:
    """Run each step, log all reports as one event and return them by step. Raises `StoreError` at the end if a step has failed.

    Without `retention_ms` nothing expires.
    """
    steps: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {"archive": lambda: store.archive(budget_ms=archive_budget_ms)}
    if retention_ms is not None:
        steps["expire"] = lambda: store.expire(retention_ms)
    steps["collect"] = store.collect
    told_by_step: dict[str, Any] = {}
    failed: list[str] = []
    first: Exception | None = None
    for name, step in steps.items():
        try:
            told_by_step[name] = plain(await step())
        except Exception as error:  # noqa: BLE001 - it is logged, and raised at the end
            told_by_step[name] = {"error": told(error)}
            failed.append(name)
            first = first or error
    log({"event": "scheduled", "failed": failed, **told_by_step})
    if first is not None:
        raise StoreError(f"{' and '.join(failed)} failed: {told(first)}") from first
    return told_by_step
