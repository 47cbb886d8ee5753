"""The command `avro-ocf`: `program` runs it, each other module holds one family of commands or what they share.

Rules here: data goes to stdout, everything else to stderr; `-` is stdin, or stdout where a command writes one file; a file is
written whole or not at all; the standard library is enough, `rich` only makes tables and progress nicer.
"""
