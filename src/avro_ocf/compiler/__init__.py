"""From a schema to one specialised Python function for encoding, for decoding and for skipping.

`layout` decides what gets a function, `encode`, `decode` and `skip` write source, `source` executes it, and `codec` has the classes
that put the reference behind the generated code. Generated code takes ordinary values only and never words an error: whatever else
it meets, right or wrong, is done again by the reference, one datum at a time.
"""

from avro_ocf.compiler.codec import Decoder, Encoder, Skipper

__all__ = ["Decoder", "Encoder", "Skipper"]
