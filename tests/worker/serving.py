"""A store behind a port of this machine: by the command, or by its server in a thread, over a store of a test's own."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avro_ocf.cli.http_server import HttpServer
from avro_ocf.hotcold import HotCold
from avro_ocf.worker import Access, Application
from tests.cli.commands import COMMAND
from tests.worker.web import ADMIN, SECRET


@contextmanager
def serve_command(folder: Path) -> Iterator[str]:
    """Run `avro-ocf serve` and give the address that it prints, which has a token in it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AVRO_OCF_")}
    command = [*COMMAND, "serve", "--store", str(folder), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            yield process.stderr.readline().strip()
            process.send_signal(signal.SIGINT)
            process.wait(60)
        finally:
            process.kill()


@contextmanager
def serving(store: HotCold) -> Iterator[str]:
    """Serve `store`, which is used by nothing else meanwhile, and give the address of its page."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    log: list[str] = []
    server = HttpServer(Application(store, Access(ADMIN, SECRET, clock=lambda: 0), log=log.append).respond, log.append)
    try:
        port = asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0), loop).result()
        yield f"http://127.0.0.1:{port}/"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(1), loop).result()
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
