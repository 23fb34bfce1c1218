"""What a person hears when their request was not answered. Nothing raises past `explain`."""

import logging
from collections.abc import Callable
from dataclasses import replace

from comparison import wording
from comparison.errors import RequestError
from comparison.report import Report
from handlers.said import Said
from handlers.services import Services

log = logging.getLogger(__name__)

_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
BUSY = "I am busy with other requests and did not take this one. Please ask again in a minute."
CROWDED = (
    "I am still working on many requests of yours and did not take this one. "
    "Please ask again when some of them are answered."
)


def not_taken(said: Said, services: Services) -> str:
    """Why the pool did not take the work for what was said."""
    return CROWDED if services.is_crowded(said.user, said.channel) else BUSY


def explain(error: BaseException, said: Said, new_incident: Callable[[], str], command: str) -> Report:
    """The problem and what to do about it; for anything unforeseen an apology, with a number that is in the log too."""
    if isinstance(error, RequestError):
        log.info("not answered: %s", error.problem, extra={"delivery": said.delivery})
        return wording.error_report(_as_typed(error), command)
    incident = new_incident()
    log.error("incident %s: %s was not answered", incident, said.delivery, exc_info=error)
    problem = "Sorry, something went wrong on my side."
    remedy = f"Please ask again; if it happens again, tell whoever runs me the incident number {incident}."
    return Report(headline=problem, summary=f"{problem} {remedy}", footnotes=(remedy,))


def _as_typed(error: RequestError) -> RequestError:
    """With Slack's escapes undone in what was said, for people to read and copy."""
    if "&" not in error.text:
        return error
    before = _unescaped(error.text[: error.at or 0])
    spot = _unescaped(error.text[error.at or 0 : error.end])
    after = "" if error.end is None else _unescaped(error.text[error.end :])
    return replace(
        error,
        text=f"{before}{spot}{after}",
        at=None if error.at is None else len(before),
        end=None if error.end is None else len(before) + len(spot),
        example=_unescaped(error.example),
    )


def _unescaped(text: str) -> str:
    for escaped, meant in _ESCAPES:
        text = text.replace(escaped, meant)
    return text
