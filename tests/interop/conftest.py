"""Which tests need a peer library before they are even run."""

import importlib.util

if importlib.util.find_spec("fastavro") is None:  # as on the interpreters that run the core's tests alone
    collect_ignore = ["test_resolution_and_json.py"]
