"""The options that let a sound file cost more than `Limits` grants by default."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Final

from avro_ocf.limits import DEFAULT_LIMITS, Limits

UNITS: Final = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def add_limits(command: ArgumentParser) -> None:
    """Add the options --max-block and --limits, which `limits` reads."""
    command.add_argument(
        "--max-block",
        type=quantity,
        metavar="BYTES",
        help=f"allow a block so many bytes, such as 256M, packed and unpacked (default: {DEFAULT_LIMITS.block_bytes >> 20}M)",
    )
    command.add_argument(
        "--limits",
        type=limit_values,
        default={},
        metavar="NAME=N,...",
        help=f"change what a file may cost: {', '.join(Limits._fields)}",
    )


def limits(args: Namespace) -> Limits:
    """Return the limits of the options that `add_limits` adds."""
    blocks = {} if args.max_block is None else {"block_bytes": args.max_block}
    return DEFAULT_LIMITS._replace(**args.limits | blocks)


def way_out(args: Namespace, message: str) -> str:
    """Return what is to be told after a message that a limit is passed, where the command has the options, else ""."""
    told = re.search(rf"limits\.({'|'.join(Limits._fields)})\b", message)
    if told is None or "max_block" not in args or getattr(args, "store", None) is not None:
        return ""
    return f"; {option_for(told[1])} allows more"


def option_for(name: str) -> str:
    """Return how the option is written that changes the limit with that `name`."""
    return "--max-block BYTES" if name == "block_bytes" else f"--limits {name}=N"


def limit_values(text: str) -> dict[str, int]:
    """Return some of the `Limits` by their names, of text such as datum_depth=200,header_bytes=32M."""
    values = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name not in Limits._fields:
            raise ArgumentTypeError(f"{part!r} is not NAME=N with one of the names {', '.join(Limits._fields)}")
        values[name] = quantity(value)
    return values


def quantity(text: str) -> int:
    """Return a number of at least 1, such as 1000, 64K, 256M or 1G; K, M and G are powers of 1024."""
    number, unit = (text[:-1], text[-1]) if text.endswith(tuple(UNITS)) else (text, "")
    if not (number.isdecimal() and int(number)):
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1, which K, M or G may follow")
    return int(number) * UNITS.get(unit, 1)
