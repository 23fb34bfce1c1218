"""What a channel agrees on: `set experiment fraud`, `set goal cost lower`, `pin latest`, `settings`. All see it."""

from collections.abc import Callable
from dataclasses import replace

from comparison.channel_defaults import EXAMPLES, EXPERIMENT, GOAL, METRIC, PINNED, TOLERANCE, ChannelSetting
from comparison.errors import NotUnderstood, RequestError
from comparison.language.names import Kind
from comparison.names import fold
from comparison.report import Report
from comparison.reports.channel_settings import changed_report, rule_lines, settings_report
from comparison.request import Pin, SetDefault, ShowSettings
from comparison.resolve.channel_defaults import agreed_tolerance, known_goal, known_metric, known_run, stated_goal
from comparison.resolve.scope import find_experiment
from comparison.run_reference import OneRun
from comparison.runs import Run
from handlers.access.rules import require_member
from handlers.lookup_cache import example_name
from handlers.services import Services
from handlers.slack.delivery import Delivery
from handlers.slack.render import draw
from handlers.stores import defaults_of
from handlers.utterance import Utterance

REQUESTS = (SetDefault, Pin, ShowSettings)  # what this feature answers


Setting = SetDefault | Pin | ShowSettings


def answer(request: Setting, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    """A change is told to all who are there, with who made it and what it was before."""
    if isinstance(request, ShowSettings):
        report = _settings(utterance, services)
        delivery.answer_publicly(lambda rung: draw(report, rung=rung, asked_by=utterance.user))
        return
    require_member(utterance, delivery.outlet, services)
    report = _pinned(request, utterance, services) if isinstance(request, Pin) else _set(request, utterance, services)
    delivery.answer_publicly(lambda rung: draw(report, rung=rung, changed_by=utterance.user))


def show_progress(request: Setting, _utterance: Utterance, _services: Services, delivery: Delivery) -> None:
    delivery.show_working(
        "Looking up what is set …" if isinstance(request, ShowSettings) else "Looking it up in MLflow …"
    )


def channel_words(utterance: Utterance) -> str:
    """What a channel is called in sentences about it."""
    return "this conversation" if utterance.is_direct or utterance.channel.startswith("D") else "this channel"


def milliseconds(services: Services) -> int:
    return int(services.now().timestamp() * 1000)


def set_by(utterance: Utterance, services: Services, what: str, value: str, *, metric: str = "") -> ChannelSetting:
    """One thing as this person sets it now."""
    return ChannelSetting(what, value, metric, utterance.user, int(services.now().timestamp()))


def _set(request: SetDefault, utterance: Utterance, services: Services) -> Report:
    if request.taken_back:
        defaults = defaults_of(services.defaults, utterance)
        current = defaults.experiment if request.what == EXPERIMENT else defaults.metric
        if fold(current) != fold(request.taken_back):
            raise _other_value(request.what, current, request.taken_back, request.text)
    value, metric = _FOUND[request.what](request, utterance, services)
    return _changed(set_by(utterance, services, request.what, value, metric=metric), utterance, services)


def _pinned(request: Pin, utterance: Utterance, services: Services) -> Report:
    if request.run is None:
        if request.taken_back is not None:
            _check_pinned(request, request.taken_back, utterance, services)
        return _changed(set_by(utterance, services, PINNED, ""), utterance, services)
    run = known_run(request, services.runs, defaults_of(services.defaults, utterance), now=services.now())
    return _changed(set_by(utterance, services, PINNED, run.run_id), utterance, services, run=run)


def _check_pinned(request: Pin, named: OneRun, utterance: Utterance, services: Services) -> None:
    """Raises NotUnderstood where another run is pinned than the one that was named."""
    defaults = defaults_of(services.defaults, utterance)
    run = known_run(replace(request, run=named), services.runs, defaults, now=services.now())
    if run.run_id != defaults.pinned:
        pinned = _run(defaults.pinned, services)
        raise _other_value("baseline", pinned.name if pinned else defaults.pinned, run.name, request.text)


def _other_value(what: str, current: str, named: str, text: str) -> NotUnderstood:
    """Something is to be taken back that is not what is set."""
    if not current:
        return NotUnderstood(f"No {what} is set here.", "There is nothing to take back.", example="settings", text=text)
    line = "unpin" if what == "baseline" else f"unset {what}"
    problem = f"The {what} here is {current}, not {named}; nothing was changed."
    return NotUnderstood(problem, "To take it back, say:", example=line, text=text)


def _changed(after: ChannelSetting, utterance: Utterance, services: Services, run: Run | None = None) -> Report:
    (before,) = services.defaults.change(utterance.team, utterance.channel, [after])
    now = milliseconds(services)
    return changed_report(after, before, now=now, run=run, command=services.command, place=channel_words(utterance))


def _settings(utterance: Utterance, services: Services) -> Report:
    settings = services.defaults.settings(utterance.team, utterance.channel)
    pinned = next((each.value for each in settings if each.what == PINNED), "")
    now = milliseconds(services)
    run = _run(pinned, services)
    book = services.access.read()
    visible = book.visible(utterance.team, utterance.channel)
    return settings_report(
        settings,
        now=now,
        run=run,
        command=services.command,
        place=channel_words(utterance),
        examples={
            EXPERIMENT: example_name(Kind.EXPERIMENT, services.lookup_cache, services.runs),
            METRIC: example_name(Kind.METRIC, services.lookup_cache, services.runs),
        },
        rules=rule_lines(
            visible.patterns if visible else None, for_admins=book.is_for_admins(utterance.team, utterance.channel)
        ),
    )


def _run(run_id: str, services: Services) -> Run | None:
    """The pinned run; None where MLflow cannot be asked: its id has to do then."""
    try:
        return services.runs.get([run_id])[0] if run_id else None
    except RequestError:
        return None


def _experiment(request: SetDefault, _utterance: Utterance, services: Services) -> tuple[str, str]:
    return (find_experiment(request.value, services.runs, text=request.text).name if request.value else ""), ""


def _metric(request: SetDefault, utterance: Utterance, services: Services) -> tuple[str, str]:
    if not request.value:
        return "", ""
    defaults = defaults_of(services.defaults, utterance)
    return known_metric(request.value, services.runs, defaults, text=request.text), ""


def _goal(request: SetDefault, utterance: Utterance, services: Services) -> tuple[str, str]:
    defaults = defaults_of(services.defaults, utterance)
    if not request.value:
        return "", stated_goal(request.metric, defaults, text=request.text)
    return request.value, known_goal(request.metric, services.runs, defaults, text=request.text)


def _tolerance(request: SetDefault, utterance: Utterance, services: Services) -> tuple[str, str]:
    defaults = defaults_of(services.defaults, utterance)
    if not request.value:
        return "", agreed_tolerance(request.metric, defaults, text=request.text)
    if not request.metric:
        return request.value, ""
    return request.value, known_metric(request.metric, services.runs, defaults, text=request.text)


_FOUND: dict[str, Callable[[SetDefault, Utterance, Services], tuple[str, str]]] = {
    EXPERIMENT: _experiment,
    METRIC: _metric,
    GOAL: _goal,
    TOLERANCE: _tolerance,
    EXAMPLES: lambda request, _utterance, _services: (request.value, ""),
}
