"""What the lists of the dialog offer for what is typed: always an answer, within Slack's three seconds."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from slack_bolt import App

from comparison import wording
from comparison.goals import goal_of
from comparison.naming import folded
from comparison.runs import Goal, Run
from handlers import sent
from handlers.blocks import plain
from handlers.escaping import clip, length, one_line
from handlers.kept import kept
from handlers.limits import OPTION_VALUE
from handlers.reply import Block
from handlers.sent import Suggesting
from handlers.services import Services

log = logging.getLogger(__name__)

EXPERIMENT, RUNS, METRICS = "dialog:experiment", "dialog:runs", "dialog:metrics"
NOTE = "-"  # the value of an option that is only to be read
WITHIN = 2.0  # seconds, of the three that Slack waits
MOST = 100  # options in a list
_TEXT = 75
_ID = 8  # characters of an id that people read
_WRONG = "Something went wrong here: type again in a moment"


def register(app: App) -> None:
    app.options(EXPERIMENT)(offer_experiments)
    app.options(RUNS)(offer_runs)
    app.options(METRICS)(offer_metrics)


def offer_experiments(ack: Callable[..., Any], body: dict[str, Any], services: Services) -> None:
    _offer(ack, body, services, _experiments)


def offer_runs(ack: Callable[..., Any], body: dict[str, Any], services: Services) -> None:
    _offer(ack, body, services, _runs)


def offer_metrics(ack: Callable[..., Any], body: dict[str, Any], services: Services) -> None:
    _offer(ack, body, services, _metrics)


def run_option(run: Run, now: int) -> Block:
    """`old (1a2b3c4d)`, with where, when, who and how below it."""
    facts = wording.choice(run, now=now).partition(f"({run.run_id[:_ID]}) in ")[2]
    name = clip(one_line(run.name) or "(no name)", _TEXT - _ID - 3)  # cut so that the id stays
    return option(f"{name} ({run.run_id[:_ID]})", run.run_id, facts)


def option(text: str, value: str, below: str = "") -> Block:
    told: Block = {"text": plain(one_line(text), _TEXT), "value": value}
    return told | ({"description": plain(one_line(below), _TEXT)} if below.strip() else {})


def chosen_runs(values: Sequence[str]) -> tuple[str, ...]:
    """The ids that were chosen, baseline first, each once."""
    return tuple(dict.fromkeys(value for value in values if value != NOTE))


def _offer(
    ack: Callable[..., Any],
    body: dict[str, Any],
    services: Services,
    find: Callable[[Suggesting, Services], tuple[list[Block], str]],
) -> None:
    try:
        options, problem = find(sent.suggesting(body), services)
    except Exception:
        log.exception("options could not be loaded")
        options, problem = [], _WRONG
    notes = [option(problem, NOTE)] if problem and not options else []
    ack(options=[*options[:MOST], *notes])


def _experiments(asked: Suggesting, services: Services) -> tuple[list[Block], str]:
    found, problem = services.shelf.experiments(services.runs, WITHIN)
    words = asked.typed.casefold().split()
    fitting = [each for each in found if all(word in f"{each.name} {each.experiment_id}".casefold() for word in words)]
    return [option(each.name or each.experiment_id, each.experiment_id) for each in fitting], problem


def _runs(asked: Suggesting, services: Services) -> tuple[list[Block], str]:
    found = services.shelf.runs(services.runs, asked.typed, _experiment(asked), WITHIN)
    now = int(services.now().timestamp() * 1000)
    return [run_option(run, now) for run in found.runs[:MOST]], found.problem


def _metrics(asked: Suggesting, services: Services) -> tuple[list[Block], str]:
    """Those of the chosen runs, else of the newest: what most of them logged and whose goal is known first."""
    ids = chosen_runs(asked.chosen.get("runs", ()))
    shelf = services.shelf
    found = (
        shelf.these(services.runs, ids, WITHIN) if ids else shelf.runs(services.runs, "", _experiment(asked), WITHIN)
    )
    logged = Counter(name for run in found.runs for name in run.metrics)
    wanted = folded(asked.typed.strip())
    names = [name for name in logged if wanted in folded(name) and length(name) <= OPTION_VALUE]
    names.sort(key=lambda name: (-logged[name], goal_of(name) is Goal.UNKNOWN, name))
    return [option(name, name) for name in names], found.problem


def _experiment(asked: Suggesting) -> tuple[str, ...]:
    """As it is chosen in the dialog, else as it was when the dialog was last drawn."""
    chosen = next(iter(asked.chosen.get("experiment", ())), "") or kept(asked.kept).get("e", "")
    return (chosen,) if chosen and chosen != NOTE else ()
