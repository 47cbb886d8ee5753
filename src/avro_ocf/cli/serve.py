"""The command serve: a store on this machine behind the same requests as in a Cloudflare Worker."""

import argparse
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from avro_ocf.cli.arguments import Commands, add_command, add_store, age_ms, port
from avro_ocf.cli.output import note
from avro_ocf.cli.store import opened_store, wait_for
from avro_ocf.errors import StoreError

if TYPE_CHECKING:
    import asyncio

    from avro_ocf.hotcold import HotCold
    from avro_ocf.worker import Access, Application

ADMIN_TOKEN: Final = "AVRO_OCF_ADMIN_TOKEN"  # noqa: S105 - the name of a variable
DATASET_SECRET: Final = "AVRO_OCF_DATASET_SECRET"  # noqa: S105 - the same
"""The variables of the environment that hold the two secrets."""

GRACE_S: Final = 5
"""How long a request may go on after an interrupt."""

MEMORY_BYTES: Final = 512 * 1024 * 1024


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    serve = add_command(commands, serve_command, "a store by HTTP, with a page that shows it")
    add_store(serve)
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: %(default)s)")
    serve.add_argument("--port", type=port, default=8787, metavar="N", help="0 is any free port (default: %(default)s)")
    serve.add_argument("--archive-every", type=age_ms, metavar="AGE", help="archive and collect meanwhile, such as every 5m")


def serve_command(args: argparse.Namespace) -> None:
    """Serve a store by HTTP until an interrupt. The address is printed to stderr, with a token for it if none is set.

    AVRO_OCF_ADMIN_TOKEN in the environment is the token for everything; AVRO_OCF_DATASET_SECRET is what `worker token` signs with.
    """
    if args.archive_every == 0:
        args.misuse("argument --archive-every: an age of more than 0")
    with opened_store(args.store, "create") as store:
        wait_for(_serve(store, args))


async def _serve(store: "HotCold", args: argparse.Namespace) -> None:
    import asyncio

    from avro_ocf.cli.http_server import HttpServer
    from avro_ocf.worker import Application
    from avro_ocf.worker.uploads import UploadLimits

    access, fragment = _access()
    application = Application(store, access, limits=UploadLimits(memory_bytes=MEMORY_BYTES), log=note)
    server = HttpServer(application.respond, note)
    port_number = await server.start(args.host, args.port)
    host = f"[{args.host}]" if ":" in args.host else args.host
    stopped = asyncio.Event()
    _on_interrupt(asyncio.get_running_loop(), stopped)
    note(f"http://{host}:{port_number}/{fragment}")
    keeper = asyncio.create_task(_keep(application, args.archive_every / 1000)) if args.archive_every else None
    try:
        await stopped.wait()
    finally:
        if keeper is not None:
            keeper.cancel()
        await server.stop(GRACE_S)


def _access() -> "tuple[Access, str]":
    """Return who may do what, and the fragment of the page's address: a browser keeps it to itself."""
    import secrets

    from avro_ocf.worker import Access

    given = os.environ.get(ADMIN_TOKEN)
    token = secrets.token_urlsafe(24) if given is None else given
    return Access(token, os.environ.get(DATASET_SECRET)), "" if given is not None else f"#token={token}"


def _on_interrupt(loop: "asyncio.AbstractEventLoop", stopped: "asyncio.Event") -> None:
    """Set `stopped` at the first interrupt; a second one ends the process as ever."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        for number in signals:
            loop.remove_signal_handler(number)
        stopped.set()

    for number in signals:
        with suppress(NotImplementedError):  # Windows: an interrupt ends the process at once
            loop.add_signal_handler(number, stop)


async def _keep(application: "Application", every_s: float) -> None:
    import asyncio

    while True:
        await asyncio.sleep(every_s)
        with suppress(StoreError):  # it is logged
            await application.scheduled()
