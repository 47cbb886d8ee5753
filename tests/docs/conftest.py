"""Which pages are tested where: the guide to Cloudflare needs what its figures were measured with, and for its messages httpx."""

import importlib.util

collect_ignore = [
    name
    for name, needed in (("test_cloudflare.py", "resource"), ("test_cloudflare_messages.py", "httpx"))
    if importlib.util.find_spec(needed) is None  # as in Pyodide
]
