"""Help: lines to copy, with names of runs that are there. Only the asker sees it."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from comparison import wording
from comparison.errors import RequestError
from comparison.request import Help
from handlers.drawing import draw
from handlers.posting import Delivery
from handlers.said import Said
from handlers.services import Services

log = logging.getLogger(__name__)

_EXAMPLES = 10


def answer(request: Help, _said: Said, services: Services, delivery: Delivery) -> None:
    """Help is given also when MLflow cannot be asked: then without names."""
    try:
        names = [run.name for run in services.runs.newest(limit=_EXAMPLES) if run.name]
    except RequestError as error:
        log.info("help without names: %s", error.problem)
        names = []
    _tell(request, names, services, delivery)


def say_meanwhile(request: Help, _said: Said, services: Services, delivery: Delivery) -> None:
    """Who asks for help is not kept waiting for names."""
    _tell(request, (), services, delivery)


def _tell(request: Help, names: Sequence[str], services: Services, delivery: Delivery) -> None:
    worded = wording.help_report(request.topic, names, services.command)
    report = replace(worded, sections=tuple(replace(part, last=True) for part in worded.sections))
    delivery.tell(lambda rung: draw(report, rung=rung))
