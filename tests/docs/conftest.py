"""Which pages are tested where: the guide to Cloudflare needs httpx, and what its figures were measured with."""

import importlib.util

if importlib.util.find_spec("httpx") is None or importlib.util.find_spec("resource") is None:  # as in Pyodide
    collect_ignore = ["test_cloudflare.py", "test_cloudflare_messages.py"]
