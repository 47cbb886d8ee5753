"""`python -m avro_ocf.oracle.testees NAME` runs one of the testees in Python beside this file: fastavro, avro or cavro."""

import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
TESTEES = {path.name.removesuffix("_testee.py"): path for path in FOLDER.glob("*_testee.py")}

if len(sys.argv) != 2 or sys.argv[1] not in TESTEES:
    sys.stderr.write(f"usage: python -m avro_ocf.oracle.testees {'|'.join(sorted(TESTEES))}\n")
    sys.exit(2)
sys.path.insert(0, str(FOLDER))
runpy.run_path(str(TESTEES[sys.argv[1]]), run_name="__main__")
