"""The source that reads an integer of three bytes or more in place."""

from avro_ocf.compiler.layout import put
from avro_ocf.compiler.skip import SkipEmitter
from avro_ocf.compiler.varints import CONTINUED


def emit_long_integer(emitter: SkipEmitter, type_name: str, target: str) -> None:
    """Write what reads an integer whose first two bytes are `byte` and `second`: the longest by a function."""
    sum_, value = "byte + (second << 7) + (third << 14)", put(target, "~third if byte & 1 else third")
    emitter.add(f"third = {emitter.octet(2)}")
    emitter.add(f"if third < 128: third = {sum_} - {CONTINUED[2]} >> 1; {value}; {emitter.step(3, keep=True)}")
    with emitter.block("else:"):
        emitter.add(f"fourth = {emitter.octet(3)}", f"third = {sum_} + (fourth << 21)")
        emitter.add(f"if fourth < 128: third = third - {CONTINUED[3]} >> 1; {value}; {emitter.step(4, keep=True)}")
        with emitter.block("else:"):
            half = f"(third - {CONTINUED[4]} >> 1)"
            emitter.add(f"fifth = {emitter.octet(4)}")
            limit = 16 if type_name == "int" else 128
            emitter.add(f"if fifth < {limit}: third = {half} + (fifth << 27); {value}; {emitter.step(5, keep=True)}")
            if type_name == "int":
                emitter.add("else: raise Unusual")
                return
            with emitter.block("else:"):
                emitter.add(f"sixth = {emitter.octet(5)}")
                last = f"{half} + (fifth + (sixth << 7) - 128 << 27)"
                emitter.add(f"if sixth < 128: third = {last}; {value}; {emitter.step(6, keep=True)}")
                with emitter.block("else:"):
                    emitter.emit_read(f"read_long(data, {emitter.here()}, byte, second)", target)
