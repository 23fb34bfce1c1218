"""Within what two values are the same: who says so, and how it is written."""

import re
from decimal import Decimal, InvalidOperation

EVERY = ""  # in place of a metric: all that have none of their own
_WRITTEN = re.compile(r"(?:±|\+/-)? *([0-9]*[.,]?[0-9]+(?:e-?[0-9]{1,3})?) *(%|‰|percent|per cent|per mille|permille)?")
_UNITS = {"": 1, "%": 100, "percent": 100, "per cent": 100, "‰": 1_000, "per mille": 1_000, "permille": 1_000}


def read_tolerance(text: str, *, needs_unit: bool = False) -> float | None:
    """The fraction that `0.1 %`, `1 ‰` or `0.001` is; None for what is no tolerance, or one of 100 % and more.

    `needs_unit`: where people type, a number alone may mean either.
    """
    found = _WRITTEN.fullmatch(text.strip().casefold())
    if not found or (needs_unit and not found[2]):
        return None
    try:
        fraction = Decimal(found[1].replace(",", ".")) / _UNITS[found[2] or ""]
    except InvalidOperation:
        return None
    return float(fraction) if 0 <= fraction < 1 else None


def write_tolerance(fraction: float) -> str:
    """A tolerance as people read it: 0.001 is `0.1 %`."""
    return f"{(Decimal(repr(float(fraction))) * 100).normalize():f} %"
