"""A third implementation of Avro, small and overridable: a mutant is a subclass that breaks one of its rules."""

from tests.oracle.codec.binary import CodecError, Input
from tests.oracle.codec.container import Codec

__all__ = ["Codec", "CodecError", "Input"]
