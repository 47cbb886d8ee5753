"""`python -m avro_ocf.oracle.testees NAME` runs one of the testees in Python beside this file: fastavro, avro or cavro."""

import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).parent

sys.path.insert(0, str(FOLDER))
runpy.run_path(str(FOLDER / f"{sys.argv[1]}_testee.py"), run_name="__main__")
