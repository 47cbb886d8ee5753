"""Which tests need a peer library, to read what a Worker sends as somebody else does."""

import importlib.util

if importlib.util.find_spec("fastavro") is None:  # as on the interpreters that run the core's tests alone
    collect_ignore = ["test_runtime.py"]
