"""Requests as they are sent: targets, queries, headers and bodies, whatever is wrong with them."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.worker.http import TARGET_BYTES, HttpError, Request, error_response, parse_request, read_body
from tests.worker.web import in_chunks

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(texts, max_size=3), st.dictionaries(texts, texts, max_size=3))
def test_a_target_is_decoded_once(steps: list[str], query: dict[str, str]) -> None:
    path = "/" + "/".join(steps)
    target = f"{quote(path)}?{urlencode(query)}"
    for url in (target, f"https://example.com{target}"):
        parsed = parse_request("GET", url, [])
        assert (parsed.path, parsed.query) == (path, query)
    assert parse_request("GET", quote(quote(path)), []).path == quote(path)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("https://example.com", "/", {}),
        ("http://example.com?a=1", "/", {"a": "1"}),
        ("//read", "//read", {}),
        ("/a/../b", "/a/../b", {}),
        ("/%2e%2e%2fb", "/../b", {}),
        ("/read?a=b=c&&d&e=%2B+", "/read", {"a": "b=c", "d": "", "e": "+ "}),
    ],
)
def test_what_a_target_stands_for(target: str, path: str, query: dict[str, str]) -> None:
    parsed = parse_request("GET", target, [])
    assert (parsed.path, parsed.query) == (path, query)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "*",
        "read",
        "/read#x",
        "/a b",
        "/é",
        "/\0",
        "/%",
        "/%2",
        "/%zz",
        "/%ff",
        "/?a=%c3",
        "ftp://x/y",
        "/?a=1&a=2",
        "/?a&%61",
        "/\n",
    ],
)
def test_a_target_that_is_none(target: str) -> None:
    with pytest.raises(HttpError) as caught:
        parse_request("GET", target, [])
    assert caught.value.status == 400
    assert error_response(caught.value).status == 400


def test_the_longest_target() -> None:
    assert parse_request("GET", "/" * TARGET_BYTES, []).path == "/" * TARGET_BYTES
    with pytest.raises(HttpError) as caught:
        parse_request("GET", "/" * (TARGET_BYTES + 1), [])
    assert caught.value.status == 414


def test_names_of_headers_are_in_lower_case_and_some_may_be_there_once_only() -> None:
    assert parse_request("GET", "/", [("Accept", "a"), ("ACCEPT", "b")]).headers == {"accept": "a, b"}
    for name in ("Authorization", "Content-Length", "content-type", "Host"):
        with pytest.raises(HttpError) as caught:
            parse_request("GET", "/", [(name, "1"), (name.upper(), "1")])
        assert caught.value.status == 400


def body_of(request: Request, most_bytes: int) -> bytes:
    return asyncio.run(read_body(request, most_bytes))


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 10


@pytest.mark.host
@given(st.binary(max_size=50), st.integers(0, 60), st.integers(1, 60), st.booleans())
def test_a_body_is_whole_or_too_large(data: bytes, most_bytes: int, size: int, is_announced: bool) -> None:
    headers = {"content-length": str(len(data))} if is_announced else {}
    for body in (data, in_chunks(data, size)):
        request = Request("POST", "/", {}, headers, body)
        if len(data) <= most_bytes:
            assert body_of(request, most_bytes) == data
        else:
            with pytest.raises(HttpError) as caught:
                body_of(request, most_bytes)
            assert caught.value.status == 413


@pytest.mark.host
def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    with pytest.raises(HttpError) as caught:
        body_of(Request("POST", "/", {}, {}, endless()), 1000)
    assert caught.value.status == 413
    with pytest.raises(HttpError) as caught:
        body_of(Request("POST", "/", {}, {"content-length": "1001"}, endless()), 1000)
    assert caught.value.status == 413


@pytest.mark.host
@pytest.mark.parametrize("length", ["", "-1", "+3", "3, 3", "3.0", " 3", "0x3", "٣", "2", "4", "9" * 19])
def test_an_announced_length_that_is_wrong(length: str) -> None:
    with pytest.raises(HttpError) as caught:
        body_of(Request("POST", "/", {}, {"content-length": length}, b"abc"), 10**18)
    assert caught.value.status == 400
