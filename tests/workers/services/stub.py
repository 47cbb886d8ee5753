"""An HTTP server that answers as a test says, or does not: for what no simulator does when it is asked to."""

import http.client
import itertools
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Request(NamedTuple):
    """A request that came in whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Stub(ThreadingHTTPServer):
    """Notes each request, and lets `answer` do with it what it will."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Request] = []
        self.connections: list[socket.socket] = []
        self.answer: Answer = reply(500)
        self.ends = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone, as some tests have it."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def end(self) -> None:
        """Stop, and hang up on clients that keep a connection for later."""
        self.ends.set()
        self.shutdown()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30.0  # seconds; a client may keep a connection for later
    server: Stub

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.received = Request(self.command, self.path, headers, body)
        self.server.requests.append(self.received)
        self.server.answer(self)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Answer = Callable[[Handler], None]


def reply(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer; the names of `headers` are written with underscores."""

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Answer each request as the next of `answers` does."""
    rest = iter(answers)
    return lambda handler: next(rest)(handler)  # noqa: PLW0108 - each request takes another


def hang_up(handler: Handler) -> None:
    """Close the connection instead of an answer."""
    handler.close_connection = True


def break_off(status: int) -> Answer:
    """Close the connection amid an answer."""

    def answer(handler: Handler) -> None:
        reply(status, b'{"success": tr', Content_Length="1000")(handler)
        handler.close_connection = True

    return answer


def be_silent(handler: Handler) -> None:
    """Keep the connection open and say nothing, for longer than any test waits."""
    handler.server.ends.wait(20)
    handler.close_connection = True


def trickle(handler: Handler) -> None:
    """Answer byte by byte, for longer than any test waits."""
    reply(200, Content_Length="1000")(handler)
    try:
        for _ in range(1_000):
            handler.wfile.write(b" ")
            if handler.server.ends.wait(0.02):
                break
    except OSError:
        handler.close_connection = True


def lose_some(url: str, every: int) -> Answer:
    """Let the server at `url` do what is asked for, and answer as it does; but every so many of its answers are lost."""
    numbers = itertools.count(1)

    def answer(handler: Handler) -> None:
        method, path, headers, body = handler.received
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        with closing(connection):
            connection.request(method, path, body, headers)
            found = connection.getresponse()
            content = found.read()
        if next(numbers) % every == 0:
            hang_up(handler)
            return
        kept = {name: value for name, value in found.headers.items() if name.lower() not in {"connection", "transfer-encoding"}}
        kept.setdefault("Content-Length", str(len(content)))
        handler.send_response(found.status)
        for name, value in kept.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


@contextmanager
def serve() -> Iterator[Stub]:
    """Give a server that ends with the block."""
    with Stub() as stub:
        thread = threading.Thread(target=stub.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield stub
        finally:
            stub.end()
            thread.join()
