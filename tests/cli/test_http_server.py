"""The HTTP server behind `avro-ocf serve`: real sockets, and clients that do whatever they like."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any, Self

import pytest

from avro_ocf.cli import http_server
from avro_ocf.cli.http_server import HEAD_BYTES, Headers, HttpServer, Respond, Timeouts, parse_head
from avro_ocf.worker.http import Body, HttpError, Request, Response, error_response, json_response, read_body
from tests.cli.commands import LONG_S, ask

pytestmark = pytest.mark.host


class Served:
    """A server in a thread: it keeps what it logs. At the end, requests have `grace_s` seconds left; asyncio must not complain."""

    def __init__(self, respond: Respond, timeouts: Timeouts, grace_s: float = LONG_S) -> None:
        self._grace_s = grace_s
        self.log: list[str] = []
        self.port = 0
        self._server = HttpServer(respond, self.log.append, timeouts)
        self._complaints: list[dict[str, Any]] = []
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _, complaint: self._complaints.append(complaint))
        self._thread = threading.Thread(target=self._loop.run_forever)

    def run(self, work: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(wait(), self._loop).result(2 * LONG_S)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self.run(self._server.start("127.0.0.1", 0))
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._server.stop(self._grace_s))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        assert not self._complaints

    def is_listening(self) -> bool:
        """Tell whether it takes connections still."""
        assert self._server._server is not None
        return self._server._server.is_serving()

    def exchange(self, *parts: bytes, is_over: bool = False) -> bytes:
        """Send some bytes and return all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LONG_S) as connection:
            try:
                for part in parts:
                    connection.sendall(part)
                if is_over:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:  # it has its answer already
                pass
            received = bytearray()
            try:
                while data := connection.recv(65536):
                    received += data
            except ConnectionResetError:
                received += b"RESET"
            return bytes(received)


PATIENT = Timeouts(linger_s=0.3)


async def echo(method: str, target: str, headers: Headers, body: Body) -> Response:
    """Tell what came."""
    if target == "/unread":
        return json_response(200, "unread")
    try:
        data = await read_body(Request(method, target, {}, dict(headers), body), 1_000_000)
    except HttpError as error:
        return error_response(error)
    return json_response(200, [method, target, headers, data.decode("latin-1")])


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(echo, PATIENT) as made:
        yield made


def status_of(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer[9:12])


def request(*lines: bytes, first: bytes = b"POST / HTTP/1.1", body: bytes = b"") -> bytes:
    return b"\r\n".join([first, b"Host: x", *lines, b"", b""]) + body


GOOD = [
    (request(), ""),
    (request(b"Content-Length: 3", body=b"abc"), "abc"),
    (request(b"content-length:3", b"X: \t a b \t", b"Y:", body=b"abcd"), "abc"),
    (request(b"Transfer-Encoding: Chunked", body=b"3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"), "abc0123456789"),
    (request(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), ""),
]


@pytest.mark.parametrize(("data", "body"), GOOD)
def test_requests_arrive_however_they_are_cut(served: Served, data: bytes, body: str) -> None:
    for parts in ([data], [data[place : place + 7] for place in range(0, len(data), 7)]):
        answer = served.exchange(*parts)
        assert status_of(answer) == 200
        head, _, content = answer.partition(b"\r\n\r\n")
        assert b"connection: close" in head
        assert json.loads(content)[3] == body


BAD = [
    (request(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    (request(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    (request(b"Transfer-Encoding: chunked", b"Content-Length: 3", body=b"0\r\n\r\n"), 400),
    (request(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"), 400),
    (request(b"Content-Length: 3, 3", body=b"abc"), 400),
    (request(b"Content-Length: +3", body=b"abc"), 400),
    (request(b"Content-Length: -1"), 400),
    (request(b"Content-Length: 0x3", body=b"abc"), 400),
    (request(b"Content-Length : 3", body=b"abc"), 400),
    (request(b"Content-Length:"), 400),
    (request(b"Transfer-Encoding: gzip, chunked"), 501),
    (request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 501),
    (request(b"Transfer-Encoding: xchunked"), 501),
    (request(b"Transfer-Encoding:\x0bchunked"), 400),
    (request(b"Transfer-Encoding: chunked", body=b"3\nabc\n0\n\n" + b"x" * 10 + b"\r\n"), 400),
    (request(b"Transfer-Encoding: chunked", body=b"0x3\r\nabc\r\n0\r\n\r\n"), 400),
    (request(b"Transfer-Encoding: chunked", body=b"-3\r\nabc\r\n0\r\n\r\n"), 400),
    (request(b"Transfer-Encoding: chunked", body=b"3\r\nabcd\r\n0\r\n\r\n"), 400),
    (request(b"Transfer-Encoding: chunked", body=b"\r\n3\r\nabc\r\n0\r\n\r\n"), 400),
    (request(b"Transfer-Encoding: chunked", body=b"123456789\r\n"), 400),
    (request(b"Transfer-Encoding: chunked", body=b"1" * (HEAD_BYTES + 10)), 400),
    (request(b"Transfer-Encoding: chunked", body=b"0\r\n" + b"T: 1\r\n" * HEAD_BYTES), 431),
    (request(b"Transfer-Encoding: chunked", body=b"fffff\r\n" + b"x" * 0xFFFFF + b"\r\n"), 413),
    (request(b"Content-Length: 1000001"), 413),
    (request(b" folded"), 400),
    (request(b"A: 1\nB: 2"), 400),
    (request(b"A: 1\rB: 2"), 400),
    (request(b"A: \0"), 400),
    (request(b": 1"), 400),
    (request(b"no colon"), 400),
    (request(b"Host: y"), 400),
    (request(b"Expect: magic"), 417),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: x\n\n\r\n\r\n", 400),
    (b"\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
    (b"PRI * HTTP/2.0\r\n\r\n", 505),
    (request(first=b"GET / HTTP/1.0"), 505),
    (request(first=b"GET  / HTTP/1.1"), 400),
    (request(first=b"GET / x HTTP/1.1"), 400),
    (request(first=b"GET /\xe9 HTTP/1.1"), 400),
    (request(first=b"GET /"), 400),
    (request(first=b"G(T / HTTP/1.1"), 400),
    (request(b"A: " + b"x" * HEAD_BYTES), 431),
    (b"GET /" + b"x" * (HEAD_BYTES + 1), 431),
]


@pytest.mark.parametrize(("data", "status"), BAD)
def test_requests_that_are_none(served: Served, data: bytes, status: int) -> None:
    answer = served.exchange(data)
    assert status_of(answer) == status
    assert answer.count(b"HTTP/1.1 ") == 1  # nothing behind it was taken for a request
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"]


def test_no_answer_to_head_has_a_body(served: Served) -> None:
    for data in (request(first=b"HEAD / HTTP/1.1"), request(b"Content-Length: 5", first=b"HEAD / HTTP/1.1", body=b"abcde")):
        answer = served.exchange(data)
        assert answer.endswith(b"\r\n\r\n")
        assert b"content-length" not in answer


def test_a_head_is_parsed_or_refused() -> None:
    head = parse_head(request(b"A: 1", b"a: 2", b"Content-Length: 5"))
    assert (head.method, head.target, head.length) == ("POST", "/", 5)
    assert head.headers[1:3] == [("a", "1"), ("a", "2")]


def test_a_body_that_is_cut_short(served: Served) -> None:
    for data in (request(b"Content-Length: 9", body=b"abc"), request(b"Transfer-Encoding: chunked", body=b"9\r\nabc")):
        answer = served.exchange(data, is_over=True)
        assert status_of(answer) == 400
        assert b"cut short" in answer
    assert served.exchange(b"", is_over=True) in {b"", b"RESET"}
    assert served.exchange(b"GET / HT", is_over=True) in {b"", b"RESET"}


def test_only_a_body_that_is_wanted_is_asked_for(served: Served) -> None:
    lines = (b"Expect: 100-Continue", b"Content-Length: 3")
    answer = served.exchange(request(*lines, body=b"abc"))
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    answer = served.exchange(request(*lines, first=b"POST /unread HTTP/1.1"))
    assert status_of(answer) == 200


def test_an_answer_arrives_though_the_body_is_not_read(served: Served) -> None:
    for target, status in (("/unread", 200), ("/", 413)):
        response, data = ask(served.port, "POST", target, b"x" * 5_000_000)
        assert response.status == status
        assert data.endswith(b'"unread"' if status == 200 else b"}}")


def test_slow_clients_are_not_waited_for() -> None:
    impatient = Timeouts(head_s=0.3, body_s=0.6, linger_s=0.3)
    with Served(echo, impatient) as served, socket.create_connection(("127.0.0.1", served.port), timeout=LONG_S) as idle:
        assert status_of(served.exchange(b"GET / HTTP/1.1\r\nHost:")) == 408
        assert status_of(served.exchange(request(b"Content-Length: 3", body=b"a"))) == 408
        assert status_of(served.exchange(request(b"Transfer-Encoding: chunked", body=b"5\r\na"))) == 408
        assert status_of(served.exchange(request(b"Transfer-Encoding: chunked", body=b"1\r\na\r\n"))) == 408
        assert status_of(idle.recv(65536)) == 408


def test_connections_past_the_limit_are_answered_at_once_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MOST_CONNECTIONS", 20)
    monkeypatch.setattr(http_server, "MOST_REFUSALS", 10)
    forever = Timeouts(head_s=1000, linger_s=1000)
    with ExitStack() as stack, Served(echo, forever, grace_s=0) as served:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=LONG_S))

        silent = [connect() for _ in range(20)]
        refused = [connect() for _ in range(20)]
        answers = [connection.recv(65536) for connection in refused]
        assert {status_of(answer) for answer in answers} == {503}
        assert b"too many connections" in answers[0]
        with pytest.raises((ConnectionResetError, BrokenPipeError)):  # it is closed, and not only half
            refused[-1].sendall(b"x" * 100_000_000)
        silent[0].sendall(request())
        assert status_of(silent[0].recv(65536)) == 200
        silent[0].close()  # its place is free again, though the refused ones are still there
        deadline = time.monotonic() + LONG_S
        while not served.exchange(request()).startswith(b"HTTP/1.1 200"):
            assert time.monotonic() < deadline


def streaming(make: Callable[[], AsyncGenerator[bytes, None]]) -> Respond:
    async def respond(*_: object) -> Response:
        return Response(200, {"content-type": "text/plain"}, make())

    return respond


def test_a_stream_is_sent_in_chunks() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for chunk in (b"abc", b"", b"d" * 100_000):
            yield chunk

    with Served(streaming(chunks), PATIENT) as served:
        response, data = ask(served.port, "GET", "/")
        assert response.getheader("transfer-encoding") == "chunked"
        assert data == b"abc" + b"d" * 100_000


def test_a_stream_that_fails_is_cut_off() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"abc"
        raise ZeroDivisionError

    with Served(streaming(chunks), PATIENT) as served:
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            ask(served.port, "GET", "/")
        assert b"0\r\n\r\n" not in served.exchange(request())
        assert served.log[-2:] == ["POST /: 200", "POST /: cut off"]


def test_a_client_that_does_not_read_is_cut_off_and_its_stream_closed() -> None:
    closed = threading.Event()

    async def chunks() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            closed.set()

    impatient = Timeouts(write_s=0.5, linger_s=0.3)
    with Served(streaming(chunks), impatient) as served, socket.create_connection(("127.0.0.1", served.port)) as lazy:
        lazy.sendall(request())
        assert closed.wait(LONG_S)
        closed.clear()
        with socket.create_connection(("127.0.0.1", served.port)) as gone:
            gone.sendall(request())
            gone.recv(1000)
        assert closed.wait(LONG_S)


def test_a_request_that_is_being_answered_when_the_server_stops() -> None:
    began = threading.Event()

    async def respond(*_: object) -> Response:
        began.set()
        while server.is_listening():
            await asyncio.sleep(0.01)
        return json_response(200, "late")

    answers: list[bytes] = []
    server = Served(respond, PATIENT)
    with server:
        client = threading.Thread(target=lambda: answers.append(server.exchange(request())))
        client.start()
        assert began.wait(LONG_S)
    client.join()
    assert answers[0].endswith(b'"late"')


def test_a_request_that_goes_on_for_too_long_after_that_is_cut_off() -> None:
    began = threading.Event()

    async def respond(*_: object) -> Response:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    answers: list[bytes] = []
    with Served(respond, PATIENT, grace_s=0.1) as served:
        client = threading.Thread(target=lambda: answers.append(served.exchange(request())))
        client.start()
        assert began.wait(LONG_S)
    client.join()
    assert answers[0] in {b"", b"RESET"}
