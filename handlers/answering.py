"""From words to an answer: worked out in the pool, told once, whatever goes wrong on the way."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from slack_sdk import WebClient

from comparison.errors import NotUnderstood, RequestError
from comparison.report import Report
from comparison.request import (
    Compare,
    Failed,
    Help,
    Pin,
    PlanDigest,
    Request,
    Running,
    SetDefault,
    Settings,
    Show,
    Standup,
    Top,
    Unwatch,
    Watch,
    Watches,
)
from handlers import compare, quick, settings, watch_list, watching
from handlers import help as help_
from handlers.drawing import draw
from handlers.offering import offer
from handlers.outcomes import explain
from handlers.outlet import Outlet
from handlers.posting import Delivery
from handlers.said import Said
from handlers.services import Services
from handlers.threads import understand

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


FEATURES: Mapping[type, Feature] = {
    Compare: compare,
    Help: help_,
    **dict.fromkeys((Standup, Running, Failed, Top, Show), quick),
    **dict.fromkeys((SetDefault, Pin, Settings), settings),
    **dict.fromkeys((Watch, Unwatch, PlanDigest), watching),
    Watches: watch_list,
}


_CHANGES = (SetDefault, Pin, Watch, Unwatch, PlanDigest)


class Claim:
    """Whether it falls to us to answer: asked of the claims once, and only when it matters."""

    def __init__(self, services: Services, *keys: str, turns: Sequence[str] = ()) -> None:
        """All keys must be free; an empty one is. Of `turns`, where there are some, one must be."""
        self._turns = turns
        self._claims = services.claims
        self._keys = tuple(filter(None, keys))
        self._mutex = Lock()
        self._held: bool | None = None if self._keys else True

    def is_ours(self) -> bool:
        """True also when the claims cannot be asked: twice is better than never."""
        with self._mutex:
            if self._held is None:
                try:
                    is_first = all(map(self._claims.claim, self._keys))
                    self._held = is_first and (not self._turns or any(map(self._claims.claim, self._turns)))
                except Exception:
                    log.exception("a claim could not be made")
                    self._held = True
            return self._held


class Meaning:
    """What a request means, and who answers it: found out once, by whoever needs it first."""

    def __init__(self, find_out: Callable[[], tuple[Request, Feature]]) -> None:
        self._find_out = find_out
        self._mutex = Lock()
        self._known: tuple[Request, Feature] | RequestError | None = None

    def told(self) -> tuple[Request, Feature]:
        """Raises RequestError for what is no request."""
        with self._mutex:
            if self._known is None:
                try:
                    self._known = self._find_out()
                except RequestError as error:
                    self._known = error
            if isinstance(self._known, RequestError):
                raise self._known
            return self._known


@dataclass(frozen=True)
class Answering:
    """One answer in the making. `run` is for a worker, `say_meanwhile` for a timer."""

    said: Said
    services: Services
    delivery: Delivery
    claim: Claim
    meaning: Meaning
    call_off: list[Callable[[], None]] = field(default_factory=list)  # the timer, once it runs

    def run(self) -> None:
        try:
            if self.claim.is_ours():
                self._answer()
        except BaseException as error:  # noqa: BLE001 -- the asker hears of everything that goes wrong
            self._excuse(error)
        finally:
            for call_off in self.call_off:
                call_off()
            self.services.inbox.done(self.said.delivery)

    def say_meanwhile(self) -> None:
        """Never raises: it is a courtesy."""
        try:
            request, feature = self.meaning.told()
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
        request, feature = self.meaning.told()
        feature.answer(request, self.said, self.services, self.delivery)

    def _excuse(self, error: BaseException) -> None:
        report = explain(error, self.said, self.services.new_incident, self.services.command)
        if not isinstance(error, RequestError):
            self.tell(report)
            return
        now = int(self.services.now().timestamp() * 1000)
        self.delivery.tell(lambda rung: offer(error, report, self.said, now=now, rung=rung))


def understood(said: Said, services: Services, outlet: Outlet) -> tuple[Request, Feature]:
    """The request, and the feature that answers it. Raises NotUnderstood."""
    request = understand(said, services, outlet)
    if said.bot and isinstance(request, _CHANGES):
        raise RequestError("Only people change what a channel agreed on and what it watches.", text=said.words)
    feature = FEATURES.get(type(request))
    if feature is None:
        raise NotUnderstood("I cannot do that yet.", remedy="What I can do:", example="help", text=said.words)
    return request, feature


def answering(
    said: Said, client: WebClient, services: Services, *, meaning: Meaning | None = None, claim: Claim | None = None
) -> Answering:
    """The answer to what was said, still to be made; `meaning` where it is known, `claim` where one was made."""
    outlet = Outlet.of(client, services.sleep, _IMPATIENT if said.response_url else _PATIENT)
    meant = meaning or Meaning(lambda: understood(said, services, outlet))
    return Answering(said, services, Delivery(said, outlet, services), claim or Claim(services, said.delivery), meant)
