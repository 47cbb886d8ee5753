"""The handlers of the Worker: the class that today's runtime asks for, or the functions that it did in 2024."""

from typing import Any

from avro_ocf.worker.entry import Worker

worker = Worker()

try:
    from workers import WorkerEntrypoint
except ImportError:
    on_fetch = worker.fetch
    on_queue = worker.queue
    on_scheduled = worker.scheduled
else:

    class Default(WorkerEntrypoint):
        """One event: the runtime makes an object for each."""

        async def fetch(self, request: Any, *_: Any) -> Any:
            """Answer a request."""
            return await worker.fetch(request, self.env, self.ctx)

        async def queue(self, batch: Any, *_: Any) -> None:
            """Take a batch of messages."""
            await worker.queue(batch, self.env)

        async def scheduled(self, controller: Any, *_: Any) -> None:
            """Do what a timer is for."""
            await worker.scheduled(controller, self.env)
