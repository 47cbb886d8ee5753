"""The monitoring page is one answer that lets nothing else in."""

import base64
import hashlib
import re
from importlib.resources import files

import pytest

from avro_ocf.worker.page import page_response

pytestmark = pytest.mark.host


def test_it_is_one_answer_that_lets_nothing_else_in() -> None:
    assert page_response("/page.js") is page_response("") is page_response("//") is None
    response = page_response("/")
    assert response is not None
    assert response == page_response("/")
    assert response.status == 200
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert isinstance(response.body, bytes)
    text = response.body.decode()
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for tag, inside in re.findall(r"<(style|script)[^>]*>(.+?)</\1>", text, re.DOTALL):
        assert policy[f"{tag}-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"
    assert len(re.findall("<style|<script", text)) == 2
    assert {*re.findall(r"https?://[^'\"]+", text)} == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|url\(", text)
    names = {path.name for path in files("avro_ocf.worker.page").iterdir() if path.name.partition(".")[0] == "page"}
    assert names == {"page.css", "page.html", "page.js"}
    assert len(response.body) < 26 * 1024  # it is a part of every wheel and Worker
