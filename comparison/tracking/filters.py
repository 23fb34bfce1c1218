"""Terms of MLflow's filter language that hold whatever text they are given. It has no way to escape a quote.

A term may fit more than what was asked for where a text holds quotes: whoever asks looks again at what came.
"""

import re

_UNSAFE = re.compile(r"['\"\\]")
_WILD = re.compile(r"['\"\\%]+")
_ACCENTED = re.compile(r"[aceilnosuyz]", re.IGNORECASE)  # letters that often bear one
TELLING = 3  # letters and numbers that are sure to stand in a name, where anything may stand between them
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def is_text(field: str, text: str) -> str:
    """`field` holds this text."""
    if "\\" not in text:  # one at the end would take the quote behind it along
        if "'" not in text:
            return f"{field} = '{text}'"
        if '"' not in text:
            return f'{field} = "{text}"'
    return f"{field} LIKE '{_UNSAFE.sub('_', text)}'"


def resembles(field: str, text: str) -> str:
    """`field` holds this text in any case, any form of its accents and with any blanks within."""
    return f"{field} ILIKE '{_pattern(text)}'"


def holds(field: str, text: str) -> str:
    """`field` holds something that resembles this text."""
    return f"{field} ILIKE '%{_pattern(text)}%'"


def can_resemble(text: str) -> bool:
    """Whether a pattern for this text would not fit anything at all."""
    return any(sign.isascii() and sign.isalnum() for sign in text)


def with_any_accents(field: str, text: str, *, apart: bool = False) -> str:
    """`field` holds a text of the same letters, with or without accents; "" where that fits too much.

    `apart`: accents may be characters of their own, behind their letters.
    """
    letters = _UNSAFE.sub("_", text.strip())
    pattern = _ACCENTED.sub("%", letters) if apart else _ACCENTED.sub("_", letters)
    telling = sum(sign.isalnum() and sign.isascii() for sign in pattern)
    return f"{field} ILIKE '{pattern}'" if letters.isascii() and telling >= (TELLING if apart else 1) else ""


def is_child_of(run_id: str) -> str:
    """Runs of the sweep that this run is the parent of."""
    return is_text("tags.mlflow.parentRunId", run_id)


def metric(name: str) -> str:
    """A metric by its name; "" where no filter can name it."""
    if '"' not in name:
        return f'metrics."{name}"'
    return "" if "`" in name else f"metrics.`{name}`"


def _pattern(text: str) -> str:
    """Databases fold the case of ASCII only, and an accent may be a character of its own: both become a wildcard."""
    loose = re.sub(r"\s+", "%", _WILD.sub("%", text.strip()))
    return re.sub("%+", "%", _NOT_ASCII.sub("%", loose))
