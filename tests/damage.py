"""Bytes that were right once."""

from hypothesis import strategies as st


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw `data` with one to three injuries: a bit flipped, a byte replaced, bytes cut off, cut out, put in or repeated."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(1, 8)))
        head, middle, tail = data[:start], data[start:stop], data[stop:]
        match draw(st.sampled_from(("flip", "replace", "truncate", "cut", "insert", "repeat"))):
            case "flip" if middle:
                data = head + bytes([middle[0] ^ 1 << draw(st.integers(0, 7))]) + middle[1:] + tail
            case "replace" if middle:
                data = head + draw(st.binary(min_size=1, max_size=1)) + middle[1:] + tail
            case "truncate":
                data = head
            case "cut":
                data = head + tail
            case "repeat":
                data = head + middle * draw(st.integers(2, 4)) + tail
            case _:
                data = head + draw(st.binary(min_size=1, max_size=10)) + middle + tail
    return data
