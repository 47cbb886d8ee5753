"""The binary encoding, read literally from the specification: slow, recursive, and small enough to be checked by eye beside it.

It is what the compiled code is tested against, and it has the last word: a datum that the compiled code does not take is done
again here, which gives its value, or the error with the path and the byte.

The quotes are from https://avro.apache.org/docs/1.12.0/specification/, section "Binary encoding" where no other is named.
"""

from avro_ocf.reference.budget import Budget
from avro_ocf.reference.decode import decode
from avro_ocf.reference.encode import choose_branch, encode
from avro_ocf.reference.skip import skip

__all__ = ["Budget", "choose_branch", "decode", "encode", "skip"]
