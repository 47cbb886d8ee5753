"""`R2S3`, past the contract of buckets: what it sends, and what it makes of each answer, or of none."""

import asyncio
import hashlib
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from avro_ocf.errors import ConflictError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import ObjectInfo
from tests.workers.services import stub as http
from tests.workers.services.stub import Answer, Stub, in_turn, reply

if TYPE_CHECKING:
    from avro_ocf.adapters.r2_s3 import R2S3

pytestmark = [pytest.mark.host, pytest.mark.slow]

SECRET = "a-secret-that-no-error-tells"
BAD_KEYS = ["", "/", "/a", "a/", "a//b", ".", "..", "a/./b", "a/..", "a\0b", "a\tb", "a\x7f", "\ud800", "é/" * 341 + "é"]


@pytest.fixture
def stub() -> Iterator[Stub]:
    with http.serve() as found:
        yield found


def to_stub(stub: Stub, **options: Any) -> "R2S3":
    from avro_ocf.adapters.r2_s3 import R2S3

    return R2S3("acc", "cold-1", "an-id", SECRET, **{"endpoint": stub.url, **options})


def put(bucket: "R2S3", key: str = "a/k", *, if_absent: bool = True) -> bool:
    async def call() -> bool:
        return await bucket.put(key, [b"con", b"tent"], if_absent=if_absent)

    return asyncio.run(call())


def get(bucket: "R2S3", key: str = "a/k", start_byte: int = 0, length: int = 10) -> bytes:
    async def call() -> bytes:
        return await bucket.get(key, start_byte, length)

    return asyncio.run(call())


def head(bucket: "R2S3", key: str = "a/k") -> ObjectInfo | None:
    async def call() -> ObjectInfo | None:
        return await bucket.head(key)

    return asyncio.run(call())


def delete(bucket: "R2S3", key: str = "a/k") -> None:
    async def call() -> None:
        await bucket.delete(key)

    asyncio.run(call())


def keys(bucket: "R2S3", prefix: str = "") -> list[str]:
    async def call() -> list[str]:
        return [info.key async for info in bucket.list(prefix)]

    return asyncio.run(call())


CALLS: dict[str, Callable[["R2S3"], object]] = {
    "put": put,
    "replace": lambda bucket: put(bucket, if_absent=False),
    "delete": delete,
    "get": get,
    "head": head,
    "list": keys,
}
WRITES, READS = ["put", "replace", "delete"], ["get", "head", "list"]


def refuses(kind: type[StoreError], call: Callable[[], object], secret: str = SECRET) -> str:
    """Return the message of the error that a call raises, which is of this kind or nearly so, and tells no secret."""
    with pytest.raises(kind) as caught:
        call()
    assert kind is ConflictError or type(caught.value) is kind
    assert secret not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def page(*found: str, more: bool = False) -> Answer:
    """Answer a list request with objects of one byte."""
    objects = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-11-25T20:00:00.123Z</LastModified><ETag>x</ETag><Size>1</Size></Contents>"
        for key in found
    )
    rest = "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>" * more
    return reply(200, f"<ListBucketResult>{objects}{rest}</ListBucketResult>".encode())


def error(status: int, code: str) -> Answer:
    return reply(status, f"<Error><Code>{code}</Code><Message>Because.</Message></Error>".encode())


# What is sent.


def test_a_put_is_one_request(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_UNSIGNED_PAYLOAD", "true")
    stub.answer = reply(200, ETag='"x"')
    assert put(to_stub(stub))
    assert put(to_stub(stub), if_absent=False)
    created, replaced = stub.requests
    assert created[:2] == replaced[:2] == ("PUT", "/cold-1/a/k")
    assert created.body == replaced.body == b"content"
    assert created.headers["if-none-match"] == "*"
    assert "if-none-match" not in replaced.headers
    assert created.headers["x-amz-content-sha256"] == hashlib.sha256(b"content").hexdigest()
    assert "/auto/s3/aws4_request" in created.headers["authorization"]


def test_a_large_object_is_one_request_too(stub: Stub) -> None:
    async def call() -> bool:
        return await to_stub(stub).put("k", (b"x" * 1_000_000 for _ in range(20)), if_absent=False)

    stub.answer = reply(200, ETag='"x"')
    assert asyncio.run(call())
    assert [len(request.body) for request in stub.requests] == [20_000_000]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_what_is_no_key_is_refused(stub: Stub, key: str) -> None:
    bucket = to_stub(stub)
    for call in (put, get, head, delete):
        assert refuses(StoreError, lambda call=call: call(bucket, key)) == f"{key!r} cannot be a key of cold-1"  # type: ignore[misc]
    assert not stub.requests


def test_a_list_begins_and_ends_at_its_prefix(stub: Stub) -> None:
    found = [f"b/2026-1{number:04}" for number in range(999)]
    stub.answer = in_turn(page(*found, "b/2027-10", more=True), page())
    assert keys(to_stub(stub), "b/2026-1") == found
    [request] = stub.requests
    assert "prefix=b%2F&" in f"{request.path}&"
    assert "start-after=b%2F2026-&" in f"{request.path}&"


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "r2.example",
        "ftp://r2.example",
        "https://",
        "http://h:port",
        "http://h:0",
        "http://h:99999",
        "https://u:p@h",
        "https://h?x",
    ],
)
def test_what_is_no_endpoint_is_refused(stub: Stub, endpoint: str) -> None:
    assert refuses(StoreError, lambda: to_stub(stub, endpoint=endpoint)) == f"{endpoint!r} is no endpoint of R2"


@pytest.mark.parametrize(
    "names",
    [("a/b", "bucket", "i", "s"), ("a", "a/b", "i", "s"), ("a", "", "i", "s"), ("a", "bucket", "", "s"), ("a", "bucket", "i", "")],
)
def test_what_names_no_bucket_and_no_key_is_refused(names: tuple[str, str, str, str]) -> None:
    from avro_ocf.adapters.r2_s3 import R2S3

    with pytest.raises(
        StoreError,
        match="cannot be the id of an account|cannot be the name of a bucket|an access key's id and its secret are needed",
    ):
        R2S3(*names)


def test_an_account_has_an_endpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from avro_ocf.adapters.r2_s3 import R2S3

    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # so that nothing leaves this machine
    with pytest.raises(UnavailableError) as caught:
        put(R2S3("0123abc", "cold-1", "an-id", SECRET))
    assert " https://0123abc.r2.cloudflarestorage.com/cold-1/a/k " in str(caught.value.__cause__)


# Answers. Whatever they are, a write is sent once.

UNKNOWN = "whether it is done shows when the object is read"
DENIED = "check the access key, and that it has Object Read & Write for bucket cold-1"

WRITE_FAILURES: dict[str, tuple[Answer, type[StoreError], str]] = {
    "500": (error(500, "InternalError"), OutcomeUnknownError, f"R2 answers 500 InternalError; {UNKNOWN}"),
    "503": (error(503, "ServiceUnavailable"), OutcomeUnknownError, UNKNOWN),
    "a gateway's page": (reply(502, b"<html>"), OutcomeUnknownError, f"R2 answers 502; {UNKNOWN}"),
    "408": (error(408, "RequestTimeout"), OutcomeUnknownError, UNKNOWN),
    "429": (error(429, "TooManyRequests"), UnavailableError, "back off: a key is written once a second at most"),
    "400": (error(400, "InvalidRequest"), StoreError, "cold-1/a/k: R2 answers 400 InvalidRequest"),
    "401": (error(401, "Unauthorized"), StoreError, DENIED),
    "403": (error(403, "AccessDenied"), StoreError, f"R2 answers 403 AccessDenied; {DENIED}"),
    "404": (error(404, "NoSuchBucket"), StoreError, "there is no bucket cold-1: create it"),
    "no answer": (http.hang_up, OutcomeUnknownError, UNKNOWN),
    "half an answer": (http.break_off(500), OutcomeUnknownError, UNKNOWN),
}


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("what", WRITE_FAILURES)
def test_a_write_that_fails_is_told_and_not_repeated(stub: Stub, what: str, call: str) -> None:
    stub.answer, kind, part = WRITE_FAILURES[what]
    message = refuses(kind, lambda: CALLS[call](to_stub(stub)))
    assert message.startswith("cold-1/a/k: ")
    assert part in message
    assert len(stub.requests) == 1


@pytest.mark.parametrize("wait", [http.be_silent, http.trickle])
def test_a_write_that_takes_too_long_has_an_unknown_outcome(stub: Stub, wait: Answer) -> None:
    stub.answer = wait
    assert UNKNOWN in refuses(OutcomeUnknownError, lambda: put(to_stub(stub, timeout_ms=2_000)))
    assert len(stub.requests) == 1


def test_what_a_lock_keeps_is_there(stub: Stub) -> None:
    stub.answer = error(403, "ObjectLockedByBucketPolicy")
    assert not put(to_stub(stub))
    for call in ("replace", "delete"):
        assert "a lock rule of the bucket forbids it" in refuses(ConflictError, lambda call=call: CALLS[call](to_stub(stub)))  # type: ignore[misc]


READ_FAILURES: dict[str, tuple[Answer, type[StoreError], str]] = {
    "403": (error(403, "AccessDenied"), StoreError, DENIED),
    "400": (error(400, "InvalidRequest"), StoreError, "R2 answers 400"),
    "no answer": (http.hang_up, UnavailableError, "try again later"),
}


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("what", READ_FAILURES)
def test_a_read_that_fails_is_told(stub: Stub, what: str, call: str) -> None:
    stub.answer, kind, part = READ_FAILURES[what]
    message = refuses(kind, lambda: CALLS[call](to_stub(stub)))
    assert message.startswith("cold-1/")
    assert part in message


@pytest.mark.parametrize("call", READS)
def test_a_read_is_tried_a_few_times(stub: Stub, call: str) -> None:
    from avro_ocf.adapters.r2_s3 import READ_RETRIES

    stub.answer = error(500, "InternalError")
    assert "R2 answers 500" in refuses(UnavailableError, lambda: CALLS[call](to_stub(stub)))
    assert len(stub.requests) == 1 + READ_RETRIES


def test_a_read_that_succeeds_at_last_has_succeeded(stub: Stub) -> None:
    content = reply(206, b"content", Content_Range="bytes 0-6/7", Last_Modified="Wed, 25 Nov 2026 20:00:00 GMT", ETag='"x"')
    stub.answer = in_turn(error(503, "ServiceUnavailable"), http.hang_up, content)
    assert get(to_stub(stub)) == b"content"


ODD_READS: dict[str, tuple[Answer, str]] = {
    "a whole object": (reply(200, b"content", Last_Modified="Wed, 25 Nov 2026 20:00:00 GMT", ETag='"x"'), "get"),
    "another range": (reply(206, b"content", Content_Range="bytes 90-96/97", Last_Modified="Wed, 25 Nov 2026 20:00:00 GMT"), "get"),
    "no XML": (reply(200, b"\x00<"), "list"),
    "a time that is none": (
        reply(200, b"<ListBucketResult><Contents><Key>k</Key><Size>1</Size></Contents></ListBucketResult>"),
        "list",
    ),
}


@pytest.mark.parametrize("what", ODD_READS)
def test_an_answer_that_is_none_of_r2s_is_unavailable(stub: Stub, what: str) -> None:
    stub.answer, call = ODD_READS[what]
    assert refuses(UnavailableError, lambda: CALLS[call](to_stub(stub))).startswith("cold-1/")


@pytest.mark.parametrize("call", CALLS)
def test_what_was_never_sent_is_unavailable(stub: Stub, call: str) -> None:
    endpoints = ["http://127.0.0.1:1", "http://nowhere.invalid", stub.url.replace("http:", "https:")]
    for endpoint in endpoints if call in WRITES else endpoints[:1]:
        bucket = to_stub(stub, endpoint=endpoint)
        assert refuses(UnavailableError, lambda bucket=bucket: CALLS[call](bucket)).endswith(": R2 cannot be reached")  # type: ignore[misc]
    assert not stub.requests


# Miniflare.


def test_a_bucket_that_is_not_there_is_named() -> None:
    from tests.workers.services.local import services

    for call in ("put", "replace", "get", "list"):
        message = refuses(StoreError, lambda call=call: CALLS[call](services().r2("no-such-bucket")))  # type: ignore[misc]
        assert "there is no bucket no-such-bucket: create it, or check its name and the account's id" in message
    assert head(services().r2("no-such-bucket")) is None


@pytest.mark.parametrize("wrong", [{"secret": SECRET}, {"access_key_id": SECRET}])
def test_a_key_that_is_not_accepted_is_no_longer_told(wrong: dict[str, str]) -> None:
    from tests.workers.services.local import services

    for call in CALLS.values():
        message = refuses(StoreError, lambda call=call: call(services().r2(**wrong)))  # type: ignore[misc]
        assert message.endswith("check the access key, and that it has Object Read & Write for bucket bucket")


def test_the_environment_is_about_another_service(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.workers.services.local import empty_services

    local = empty_services()
    for name in ("ENDPOINT", "ENDPOINT_URL", "ENDPOINT_URL_S3"):
        monkeypatch.setenv(f"AWS_{name}", "http://127.0.0.1:1")
    for name in ("SKIP_SIGNATURE", "VIRTUAL_HOSTED_STYLE_REQUEST", "S3_EXPRESS", "UNSIGNED_PAYLOAD"):
        monkeypatch.setenv(f"AWS_{name}", "true")
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "REGION", "BUCKET"):
        monkeypatch.setenv(f"AWS_{name}", "another")
    bucket = local.r2()
    assert put(bucket)
    assert not put(bucket)
    assert get(bucket) == b"content"
    assert keys(bucket) == ["a/k"]


def test_objects_that_stand_for_folders_are_passed_over() -> None:
    from tests.workers.services.local import empty_services

    local = empty_services()
    local.fill(["a/k", "b"])
    bucket = local.r2()
    asyncio.run(bucket.put("empty", [], if_absent=True))
    local.fill(["a/", "folder/"], "")
    assert keys(bucket) == ["a/k", "b", "empty"]


@pytest.mark.parametrize("key", ["a//b", "a/../b", "a\x7f"])
def test_an_object_whose_key_can_be_none_is_named(key: str) -> None:
    from tests.workers.services.local import empty_services

    local = empty_services()
    local.fill(["b", key])
    assert "invalid path" in (message := refuses(StoreError, lambda: keys(local.r2())))
    assert "; remove that object, or take a bucket of its own" in message
    assert get(local.r2(), "b") == b"x"
