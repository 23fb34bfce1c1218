"""What a channel agrees on: `set experiment fraud`, `set goal cost lower`, `pin latest`, `settings`. All see it."""

from collections.abc import Callable

from comparison import agreeing
from comparison.defaults import EXPERIMENT, GOAL, METRIC, PINNED, TOLERANCE, Agreed
from comparison.errors import RequestError
from comparison.finding import find_experiment
from comparison.report import Report
from comparison.request import Pin, SetDefault, Settings
from comparison.runs import Run
from comparison.wording import agreed as wording
from handlers.agreed import defaults_of
from handlers.drawing import draw
from handlers.posting import Delivery
from handlers.said import Said
from handlers.services import Services

Setting = SetDefault | Pin | Settings


def answer(request: Setting, said: Said, services: Services, delivery: Delivery) -> None:
    """A change is told to all who are there, with who made it and what it was before."""
    if isinstance(request, Settings):
        report = _settings(said, services)
        delivery.answer(lambda rung: draw(report, rung=rung, asked_by=said.user))
        return
    report = _pinned(request, said, services) if isinstance(request, Pin) else _set(request, said, services)
    delivery.answer(lambda rung: draw(report, rung=rung, changed_by=said.user))


def say_meanwhile(request: Setting, _said: Said, _services: Services, delivery: Delivery) -> None:
    delivery.show_working("Looking up what is set …" if isinstance(request, Settings) else "Looking it up in MLflow …")


def place_of(said: Said) -> str:
    """What a channel is called in sentences about it."""
    return "this conversation" if said.is_direct or said.channel.startswith("D") else "this channel"


def milliseconds(services: Services) -> int:
    return int(services.now().timestamp() * 1000)


def agreed_by(said: Said, services: Services, what: str, value: str, *, metric: str = "") -> Agreed:
    """One thing as this person sets it now."""
    return Agreed(what, value, metric, said.user, int(services.now().timestamp()))


def _set(request: SetDefault, said: Said, services: Services) -> Report:
    value, metric = _FOUND[request.what](request, said, services)
    return _changed(agreed_by(said, services, request.what, value, metric=metric), said, services)


def _pinned(request: Pin, said: Said, services: Services) -> Report:
    if request.run is None:
        return _changed(agreed_by(said, services, PINNED, ""), said, services)
    run = agreeing.known_run(request, services.runs, defaults_of(services.defaults, said), now=services.now())
    return _changed(agreed_by(said, services, PINNED, run.run_id), said, services, run=run)


def _changed(after: Agreed, said: Said, services: Services, run: Run | None = None) -> Report:
    (before,) = services.defaults.change(said.team, said.channel, [after])
    now = milliseconds(services)
    return wording.changed_report(after, before, now=now, run=run, command=services.command, place=place_of(said))


def _settings(said: Said, services: Services) -> Report:
    kept = services.defaults.agreed(said.team, said.channel)
    pinned = next((each.value for each in kept if each.what == PINNED), "")
    now = milliseconds(services)
    run = _run(pinned, services)
    return wording.settings_report(kept, now=now, run=run, command=services.command, place=place_of(said))


def _run(run_id: str, services: Services) -> Run | None:
    """The pinned run; None where MLflow cannot be asked: its id has to do then."""
    try:
        return services.runs.get([run_id])[0] if run_id else None
    except RequestError:
        return None


def _experiment(request: SetDefault, _said: Said, services: Services) -> tuple[str, str]:
    return (find_experiment(request.value, services.runs, text=request.text).name if request.value else ""), ""


def _metric(request: SetDefault, said: Said, services: Services) -> tuple[str, str]:
    if not request.value:
        return "", ""
    agreed = defaults_of(services.defaults, said)
    return agreeing.known_metric(request.value, services.runs, agreed, text=request.text), ""


def _goal(request: SetDefault, said: Said, services: Services) -> tuple[str, str]:
    agreed = defaults_of(services.defaults, said)
    if not request.value:
        return "", agreeing.agreed_goal(request.metric, agreed, text=request.text)
    return request.value, agreeing.known_goal(request.metric, services.runs, agreed, text=request.text)


def _tolerance(request: SetDefault, said: Said, services: Services) -> tuple[str, str]:
    agreed = defaults_of(services.defaults, said)
    if not request.value:
        return "", agreeing.agreed_tolerance(request.metric, agreed, text=request.text)
    if not request.metric:
        return request.value, ""
    return request.value, agreeing.known_metric(request.metric, services.runs, agreed, text=request.text)


_FOUND: dict[str, Callable[[SetDefault, Said, Services], tuple[str, str]]] = {
    EXPERIMENT: _experiment,
    METRIC: _metric,
    GOAL: _goal,
    TOLERANCE: _tolerance,
}
