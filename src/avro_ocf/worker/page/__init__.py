"""The monitoring page: one HTML answer with its style and its script in it, which holds no data and asks for `/overview`.

Nothing but these two may run or be fetched: the policy names them by their hashes, and the store's texts are never markup.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from avro_ocf.worker.http import Response, no_store


def page_response(path: str) -> Response | None:
    """Return the page for the path `/`, and None for every other."""
    return _response() if path == "/" else None


@cache
def _response() -> Response:
    folder = files(__name__)
    html, style, script = ((folder / name).read_text("utf-8") for name in ("page.html", "page.css", "page.js"))
    page = html.replace("<style></style>", f"<style>{style}</style>").replace("></script>", f">{script}</script>")
    policy = (
        "default-src 'none'",
        f"style-src {_hash(style)}",
        f"script-src {_hash(script)}",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    headers = {
        **no_store("text/html; charset=utf-8"),
        "content-security-policy": "; ".join(policy),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
    }
    return Response(200, headers, page.encode())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
