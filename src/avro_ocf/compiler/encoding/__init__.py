"""The source of a schema's encoder, and what it calls.

`encode` writes the statements and `scalars` the expressions, of which `fstrings` makes one text. `floats` has the text of floats
and doubles, `raws` the raw values of logical types, and `unions` tells which branch a value goes to.
"""
