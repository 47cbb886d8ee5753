"""From a schema to one specialised Python function for encoding, for decoding and for skipping.

`layout` decides what gets a function, `encoding`, `decoding` and `skip` write source, `source` executes it, and `codec` has the
classes that put the reference behind the generated code. `varints` and `bulk`, one integer and many at once, serve both directions;
`regular` passes over several values by one expression, and `plans` answers what emitters ask about a type.

Generated code takes ordinary values only and never words an error: whatever else it meets, right or wrong, is done again by the
reference, one datum at a time.
"""

from avro_ocf.compiler.codec import Decoder, Encoder, Skipper

__all__ = ["Decoder", "Encoder", "Skipper"]
