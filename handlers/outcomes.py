"""What a person hears when their request was not answered. Nothing raises past `explain`."""

import logging
from collections.abc import Callable

from comparison import wording
from comparison.errors import RequestError
from comparison.report import Report
from handlers.said import Said

log = logging.getLogger(__name__)

BUSY = "I am busy with other requests and did not take this one. Please ask again in a minute."


def explain(error: BaseException, said: Said, new_incident: Callable[[], str], command: str) -> Report:
    """The problem and what to do about it; for anything unforeseen an apology, with a number that is in the log too."""
    if isinstance(error, RequestError):
        log.info("not answered: %s", error.problem, extra={"delivery": said.delivery})
        return wording.error_report(error, command)
    incident = new_incident()
    log.error("incident %s: %s was not answered", incident, said.delivery, exc_info=error)
    problem = "Sorry, something went wrong on my side."
    remedy = f"Please ask again; if it happens again, tell whoever runs me the incident number {incident}."
    return Report(headline=problem, summary=f"{problem} {remedy}", footnotes=(remedy,))
