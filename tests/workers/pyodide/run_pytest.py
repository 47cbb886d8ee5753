"""Runs pytest, with the arguments that node was given."""

import importlib
import os
import re
import sys
from typing import Any


async def main() -> int:
    """Return pytest's exit code."""
    os.environ |= {"HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for name in os.listdir("/host"):
        # These are pure Python; nothing else of the host's is shown to Pyodide.
        if re.match("_?(pytest|hypothesis)|(iniconfig|packaging|pluggy|pygments|sortedcontainers)(-.*)?$|py[.]py$", name):
            os.symlink(f"/host/{name}", f"/site-packages/{name}")
    import pytest

    harness: Any = importlib.import_module("harness")
    print(f"Python {sys.version.split()[0]} on {sys.platform}")
    plugins = ["-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
    return int(pytest.main([*plugins, "--capture=sys", *harness.args]))
