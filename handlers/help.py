"""Help: lines to copy, with names of runs that are there. Only the asker sees it."""

import logging

from comparison import wording
from comparison.errors import RequestError
from comparison.request import Help
from handlers.drawing import draw
from handlers.opening import opener
from handlers.posting import Delivery
from handlers.said import Said
from handlers.services import Services

log = logging.getLogger(__name__)

_EXAMPLES = 20


def answer(request: Help, _said: Said, services: Services, delivery: Delivery) -> None:
    """Help is given also when MLflow cannot be asked: then without names."""
    try:
        examples = wording.examples_of(services.runs.newest(limit=_EXAMPLES))
    except RequestError as error:
        log.info("help without names: %s", error.problem)
        examples = wording.Examples()
    _tell(request, examples, services, delivery)


def say_meanwhile(request: Help, _said: Said, services: Services, delivery: Delivery) -> None:
    """Who asks for help is not kept waiting for names."""
    _tell(request, wording.Examples(), services, delivery)


def _tell(request: Help, examples: wording.Examples, services: Services, delivery: Delivery) -> None:
    report = wording.help_report(request.topic, examples, services.command)
    row = [opener()] if request.unasked else []
    delivery.tell(lambda rung: draw(report, rung=rung, row=row))
