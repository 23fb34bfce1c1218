"""From words to an answer: worked out in the pool, told once, whatever goes wrong on the way."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Protocol

from slack_sdk import WebClient

from comparison.errors import NotUnderstood, RequestError
from comparison.parser import parse
from comparison.report import Report
from comparison.request import Compare, Help, Request
from handlers import compare
from handlers import help as help_
from handlers.drawing import draw
from handlers.outcomes import explain
from handlers.outlet import Outlet
from handlers.posting import Delivery
from handlers.said import Said
from handlers.services import Services

log = logging.getLogger(__name__)

_PATIENT = 120.0  # seconds to be put off by Slack where there is no other way to answer
_IMPATIENT = 30.0  # where there is response_url


class Feature(Protocol):
    """What a feature's module does with its requests; both may take their time and may raise."""

    def answer(self, request: Any, said: Said, services: Services, delivery: Delivery) -> None:
        """Answers, by `delivery`."""
        ...

    def say_meanwhile(self, request: Any, said: Said, services: Services, delivery: Delivery) -> None:
        """Shows something when the answer takes longer than a moment."""
        ...


FEATURES: Mapping[type, Feature] = {Compare: compare, Help: help_}


class Claim:
    """Whether it falls to us to answer: asked of the claims once, and only when it matters."""

    def __init__(self, services: Services, said: Said) -> None:
        self._ask = partial(services.claims.claim, said.delivery)
        self._mutex = Lock()
        self._held: bool | None = None if said.delivery else True

    def is_ours(self) -> bool:
        """True also when the claims cannot be asked: twice is better than never."""
        with self._mutex:
            if self._held is None:
                try:
                    self._held = self._ask()
                except Exception:
                    log.exception("a claim could not be made")
                    self._held = True
            return self._held


@dataclass(frozen=True)
class Answering:
    """One answer in the making. `run` is for a worker, `say_meanwhile` for a timer."""

    said: Said
    services: Services
    delivery: Delivery
    claim: Claim
    call_off: list[Callable[[], None]] = field(default_factory=list)  # the timer, once it runs

    def run(self) -> None:
        try:
            if self.claim.is_ours():
                self._answer()
        except BaseException as error:  # noqa: BLE001 -- the asker hears of everything that goes wrong
            self.tell(explain(error, self.said, self.services.new_incident, self.services.command))
        finally:
            for call_off in self.call_off:
                call_off()

    def say_meanwhile(self) -> None:
        """Never raises: it is a courtesy."""
        try:
            request, feature = self._understood()
            if self.claim.is_ours():
                feature.say_meanwhile(request, self.said, self.services, self.delivery)
        except RequestError:
            return  # the answer is an error, and on its way
        except Exception:
            log.exception("nothing could be said while working on %s", self.said.delivery)

    def tell(self, report: Report) -> None:
        """To the asker alone."""
        self.delivery.tell(lambda rung: draw(report, rung=rung))

    def _answer(self) -> None:
        request, feature = self._understood()
        feature.answer(request, self.said, self.services, self.delivery)

    def _understood(self) -> tuple[Request, Feature]:
        words, command = self.said.words, self.services.command
        request = parse(words, command=command)
        feature = FEATURES.get(type(request))
        if feature is None:
            raise NotUnderstood("I cannot do that yet.", remedy="What I can do:", example="help", text=words)
        return request, feature


def answering(said: Said, client: WebClient, services: Services) -> Answering:
    """The answer to what was said, still to be made."""
    outlet = Outlet.of(client, services.sleep, _IMPATIENT if said.response_url else _PATIENT)
    return Answering(said, services, Delivery(said, outlet, services), Claim(services, said))
