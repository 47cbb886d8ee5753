"""These tests are about the machine itself, so they are not even read where it lacks what they are about, as in Pyodide."""

import importlib.util

if not all(importlib.util.find_spec(name) for name in ("resource", "sqlite3")):
    collect_ignore_glob = ["test_*.py"]
