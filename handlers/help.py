"""Help: lines to copy, with names of runs that are there. Only the asker sees it."""

import logging

from comparison.errors import RequestError
from comparison.reports.help import Examples, examples_of, help_report
from comparison.request import Help
from handlers.compare.dialog import opener
from handlers.services import Services
from handlers.slack.delivery import Delivery
from handlers.slack.render import draw
from handlers.utterance import Utterance

REQUESTS = (Help,)  # what this feature answers


log = logging.getLogger(__name__)

_SHARE = 0.3  # of the deadline, for names to make examples of
_EXAMPLES = 20


def answer(request: Help, _utterance: Utterance, services: Services, delivery: Delivery) -> None:
    """Help is given also when MLflow cannot be asked: then without names."""
    try:
        examples = examples_of(services.runs.part(limit=_EXAMPLES, share=_SHARE).runs)
    except RequestError as error:
        log.info("help without names: %s", error.problem)
        examples = Examples()
    _tell(request, examples, services, delivery)


def show_progress(request: Help, _utterance: Utterance, services: Services, delivery: Delivery) -> None:
    """Who asks for help is not kept waiting for names."""
    _tell(request, Examples(), services, delivery)


def _tell(request: Help, examples: Examples, services: Services, delivery: Delivery) -> None:
    report = help_report(request.topic, examples, services.command)
    row = [opener()] if request.unasked else []
    delivery.answer_privately(lambda rung: draw(report, rung=rung, row=row))
