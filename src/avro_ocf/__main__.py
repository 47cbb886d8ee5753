"""`python -m avro_ocf` is `avro-ocf`."""

import sys

from avro_ocf.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
