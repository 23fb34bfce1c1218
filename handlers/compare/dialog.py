"""Comparing by shortcuts: “Compare runs …”, chosen from lists in a dialog, and “Compare linked runs” of a message."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.errors import NotUnderstood, RequestError
from comparison.judgement.goals import goal_of
from comparison.language.compare_command import MOST_COMPARED, MOST_RUNS, compared
from comparison.language.parser import parse
from comparison.names import fold
from comparison.report import Report
from comparison.reports.help import choice_report
from comparison.request import Compare, Request, ShowSettings
from comparison.resolve.named_runs import compare_request, mentioned_runs
from comparison.runs import Goal, Run
from handlers.access.rules import is_in
from handlers.compare import message as compare_message
from handlers.conversation import ParsedRequest, answer_words, hand_over
from handlers.services import Feature, Services, Work
from handlers.slack.blocks import Block, Reply, fields_in, plain, push, to_value
from handlers.slack.client import SlackClient, SlackError
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip, length, one_line
from handlers.slack.fallback import BlockLevel
from handlers.slack.limits import OPTION_VALUE
from handlers.slack.metadata import lost
from handlers.slack.render import draw
from handlers.utterance import (
    DialogSubmission,
    OptionsQuery,
    Utterance,
    button_press,
    dialog_submission,
    from_shortcut,
    open_dialog_of,
    options_query,
    team,
    texts_of,
)

log = logging.getLogger(__name__)

SHORTCUT = "compare_runs"
CALLBACK = "dialog"
PLACE = "dialog:place"
_PATIENCE = 10.0  # seconds to be put off by Slack
_LATE = "The dialog could not be opened: Slack gives me three seconds for it. Please try again."
_TOO_FEW = "Choose two runs or more; the first is the baseline."
_NOWHERE = "Choose where to post."
_OUTSIDE = "You are not in that channel."
_JOIN = "Join it, or choose another."


def register(app: App) -> None:
    register_lists(app)
    app.shortcut({"type": "shortcut", "callback_id": SHORTCUT})(on_shortcut)
    app.shortcut({"type": "message_action", "callback_id": COMPARE_LINKED})(on_linked_runs)
    app.action(re.compile(f"^{OPEN}"))(on_button)
    app.action(EXPERIMENT)(on_experiment)
    app.view(CALLBACK)(on_submit)


def on_shortcut(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    open_dialog(from_shortcut(body), DialogStart(), client, services)


def on_button(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = button_press(body)
    start = from_value(pressed.choice)
    utterance = pressed.utterance
    if utterance.channel and start.channel != utterance.channel:  # whatever it holds, it says nothing of other channels
        start = replace(start, channel=utterance.channel, thread_ts=utterance.thread_ts)
    elif utterance.channel and not start.thread_ts:
        start = replace(start, thread_ts=utterance.thread_ts)
    open_dialog(utterance, start, client, services)


def on_experiment(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """The lists of runs and metrics learn of it; what was chosen already stays."""
    ack()
    shown = open_dialog_of(body)
    pressed = button_press(body)
    metadata = services.seal.open(shown.metadata, purpose=CALLBACK, user=shown.user)
    if metadata is None:
        return
    chosen = pressed.choice
    metadata["e"] = "" if chosen == NOTE else chosen
    start = DialogStart(channel=metadata.get("c", ""), thread_ts=metadata.get("t", ""), candidate=metadata.get("n", ""))
    changed = view(start, services.seal.close(metadata, purpose=CALLBACK, user=shown.user))

    def redraw() -> None:
        try:
            SlackClient.of(client, services.sleep, 2.0).update_view(shown.view, shown.hash, changed)
        except SlackError as failure:
            log.info("the dialog could not be redrawn: %s", failure)  # it may be closed by now

    person = pressed.utterance.user
    services.pool.submit(Work(redraw, person, person))


def on_submit(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """What is wrong is said in the dialog; the comparison is posted where it was wished."""
    submitted = dialog_submission(body)
    metadata = services.seal.open(submitted.metadata, purpose=CALLBACK, user=submitted.user)
    if metadata is None:
        ack(response_action="update", view=lost("Compare runs"))
        return
    runs = _candidate_last(chosen_runs(submitted.chosen.get("runs", ())), metadata.get("n", ""))
    place = submitted.typed.get("place", "")
    errors = {"runs": _TOO_FEW} if len(runs) < 2 else {} if place else {"place": _NOWHERE}
    if errors:
        ack(response_action="errors", errors=errors)
        return
    metrics = tuple(each for each in submitted.chosen.get("metrics", ()) if each != NOTE)
    request = replace(compared(runs[:MOST_COMPARED]), metrics=metrics)
    utterance = _utterance_of(submitted, place, metadata)
    is_new = services.inbox.put(utterance.delivery, replace(utterance, words=_in_words(runs[:MOST_COMPARED], metrics)))
    ack()
    if not is_new:
        return

    def permitted() -> tuple[Compare, Feature]:
        if not _may_post(place, metadata, submitted, client, services):
            raise RequestError(_OUTSIDE, remedy=_JOIN)
        return request, compare_message

    job = answer_words(utterance, client, services, meaning=ParsedRequest(permitted))
    job.call_off.append(services.later(services.working_after, job.show_progress))
    hand_over(job, services, job.run)


@dataclass(frozen=True, slots=True)
class DialogStart:
    """Runs chosen beforehand, each as id and label, baseline first; where to post, "" where the person is.

    `candidate` is the id of a run that is compared with the others, wherever it stands among them; "" : the first is
    the baseline.
    """

    runs: tuple[tuple[str, str], ...] = ()
    channel: str = ""
    thread_ts: str = ""
    candidate: str = ""


def _candidate_last(runs: Sequence[str], candidate: str) -> tuple[str, ...]:
    """The run that was ended or looked at is the candidate: what else is chosen comes before it."""
    if candidate not in runs:
        return tuple(runs)
    return (*(run for run in runs if run != candidate), candidate)


def open_dialog(utterance: Utterance, start: DialogStart, client: WebClient, services: Services) -> None:
    """At once, by the thread that listens: its lists are filled when they are opened. Never raises."""
    place = {"c": start.channel, "t": start.thread_ts, "r": utterance.response_url if start.channel else ""}
    place |= {"f": "1"} if start.channel != utterance.channel else {}
    place |= {"n": start.candidate} if start.candidate else {}
    private = services.seal.close(place, purpose=CALLBACK, user=utterance.user)
    try:
        SlackClient.of(client, services.sleep, 0.0).open_view(utterance.trigger, view(start, private))
    except SlackError as failure:
        log.warning("the dialog could not be opened: %s", failure)
        reply_to = utterance if utterance.channel else replace(utterance, channel=utterance.user, is_direct=True)
        job = answer_words(reply_to, client, services)
        hand_over(job, services, lambda: job.tell(Report(headline=_LATE, summary=_LATE)))


def view(start: DialogStart, private: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Compare runs", 24),
        "submit": plain("Compare", 24),
        "close": plain("Cancel", 24),
        "private_metadata": private,
        "blocks": [_chosen_experiment(), _chosen_runs(start), _chosen_metrics(), _place(start)],
    }


def _chosen_experiment() -> Block:
    element = {"type": "external_select", "min_query_length": 0, "placeholder": plain("Any experiment", 150)}
    hint = "Narrows the list of runs."
    return {
        **_input("experiment", "Experiment", hint, element | {"action_id": EXPERIMENT}),
        "optional": True,
        "dispatch_action": True,
    }


def _chosen_runs(start: DialogStart) -> Block:
    element: Block = {
        "type": "multi_external_select",
        "action_id": RUNS,
        "min_query_length": 0,
        "max_selected_items": MOST_COMPARED,
        "placeholder": plain("Type a name, id, user or tag", 150),
    }
    if start.runs:
        element["initial_options"] = [option(label, run_id) for run_id, label in start.runs]
    which = "It is compared with the first of the others." if start.candidate else "The first one is the baseline."
    return _input("runs", "Runs", f"Two or more. {which}", element)


def _chosen_metrics() -> Block:
    element = {"type": "multi_external_select", "min_query_length": 0, "placeholder": plain("All metrics", 150)}
    hint = "These come first; the first of them decides."
    return {**_input("metrics", "Metrics", hint, element | {"action_id": METRICS}), "optional": True}


def _place(start: DialogStart) -> Block:
    element: Block = {"type": "conversations_select", "action_id": PLACE, "response_url_enabled": True}
    if start.channel:
        element["initial_conversation"] = start.channel
    else:
        element["default_to_current_conversation"] = True
    hint = "Posted in this thread if it is the same channel." if start.thread_ts else ""
    return _input("place", "Post in", hint, element)


def _input(block_id: str, label: str, hint: str, element: Block) -> Block:
    block: Block = {"type": "input", "block_id": block_id, "label": plain(label, 100), "element": element}
    return block | ({"hint": plain(hint, 150)} if hint else {})


def _in_words(runs: Sequence[str], metrics: Sequence[str]) -> str:
    """The same as it would be typed, for another process to answer should this one end."""
    named = ", ".join(f'"{each}"' for each in metrics)
    return f"{' vs '.join(runs)}{f' by {named}' if named else ''}"


def _may_post(
    place: str, opened: Mapping[str, str], submitted: DialogSubmission, client: WebClient, services: Services
) -> bool:
    """Whether they may post there: where it was opened, where Slack says so, where nobody knows otherwise."""
    if (place == opened.get("c", "") and "f" not in opened) or place in submitted.urls:
        return True
    outlet = SlackClient.of(client, services.sleep, _PATIENCE)
    return is_in(place, submitted.user, outlet, services.members) is not False


def _utterance_of(submitted: DialogSubmission, place: str, opened: Mapping[str, str]) -> Utterance:
    is_same = place == opened.get("c", "")
    thread = opened.get("t", "") if is_same else ""
    url = submitted.urls.get(place, "") or (opened.get("r", "") if is_same else "")
    return submitted.utterance(place, thread, response_url=url, is_direct=place.startswith("D"))


# What the lists of the dialog offer for what is typed: always an answer, within Slack's three seconds.


EXPERIMENT, RUNS, METRICS = "dialog:experiment", "dialog:runs", "dialog:metrics"
NOTE = "-"  # the value of an option that is only to be read
WITHIN = 2.0  # seconds, of the three that Slack waits
MOST = 100  # options in a list
_TEXT = 75
_ID = 8  # characters of an id that people read
_WRONG = "Something went wrong here: type again in a moment"


def register_lists(app: App) -> None:
    app.options(EXPERIMENT)(offer_experiments)
    app.options(RUNS)(offer_runs)
    app.options(METRICS)(offer_metrics)


def offer_experiments(ack: Callable[..., Any], body: dict[str, Any], services: Services) -> None:
    _offer(ack, body, services, _experiments)


def offer_runs(ack: Callable[..., Any], body: dict[str, Any], services: Services) -> None:
    _offer(ack, body, services, _listed_runs)


def offer_metrics(ack: Callable[..., Any], body: dict[str, Any], services: Services) -> None:
    _offer(ack, body, services, _listed_metrics)


def run_option(run: Run, now: int) -> Block:
    """`old (1a2b3c4d)`, with where, when, who and how below it."""
    facts = choice_report(run, now=now).partition(f"({run.run_id[:_ID]}) in ")[2]
    name = clip(one_line(run.name) or "(no name)", _TEXT - _ID - 3)  # cut so that the id stays
    return option(f"{name} ({run.run_id[:_ID]})", run.run_id, facts)


def option(text: str, value: str, below: str = "") -> Block:
    block: Block = {"text": plain(one_line(text), _TEXT), "value": value}
    return block | ({"description": plain(one_line(below), _TEXT)} if below.strip() else {})


def chosen_runs(values: Sequence[str]) -> tuple[str, ...]:
    """The ids that were chosen, baseline first, each once."""
    return tuple(dict.fromkeys(value for value in values if value != NOTE))


def _offer(
    ack: Callable[..., Any],
    body: dict[str, Any],
    services: Services,
    find: Callable[[OptionsQuery, Services], tuple[list[Block], str]],
) -> None:
    try:
        query = options_query(body)
        options, problem = find(query, services.for_channel(team(body), _opened_in(query, services), query.user))
    except Exception:
        log.exception("options could not be loaded")
        options, problem = [], _WRONG
    notes = [option(problem, NOTE)] if problem and not options else []
    ack(options=[*options[:MOST], *notes])


def _opened_in(query: OptionsQuery, services: Services) -> str:
    """The channel that the dialog was opened in; "" for one that was opened anywhere else, whatever it names."""
    metadata = services.seal.open(query.metadata, purpose=CALLBACK, user=query.user) or {}
    return "" if "f" in metadata else metadata.get("c", "")


def _experiments(query: OptionsQuery, services: Services) -> tuple[list[Block], str]:
    found, problem = services.lookup_cache.experiments(services.runs, WITHIN)
    words = query.typed.casefold().split()
    fitting = [each for each in found if all(word in f"{each.name} {each.experiment_id}".casefold() for word in words)]
    return [option(each.name or each.experiment_id, each.experiment_id) for each in fitting], problem


def _listed_runs(query: OptionsQuery, services: Services) -> tuple[list[Block], str]:
    found = services.lookup_cache.runs(services.runs, query.typed, _listed_experiment(query, services), WITHIN)
    now = int(services.now().timestamp() * 1000)
    return [run_option(run, now) for run in found.runs[:MOST]], found.problem


def _listed_metrics(query: OptionsQuery, services: Services) -> tuple[list[Block], str]:
    """Metrics of the chosen runs, else of the newest: first what most of them logged and whose goal is known."""
    ids = chosen_runs(query.chosen.get("runs", ()))
    lookup_cache = services.lookup_cache
    found = (
        lookup_cache.these(services.runs, ids, WITHIN)
        if ids
        else lookup_cache.runs(services.runs, "", _listed_experiment(query, services), WITHIN)
    )
    logged = Counter(name for run in found.runs for name in run.metrics)
    wanted = fold(query.typed.strip())
    names = [name for name in logged if wanted in fold(name) and length(name) <= OPTION_VALUE]
    names.sort(key=lambda name: (-logged[name], goal_of(name) is Goal.UNKNOWN, name))
    return [option(name, name) for name in names], found.problem


def _listed_experiment(query: OptionsQuery, services: Services) -> tuple[str, ...]:
    """The experiment as it is chosen in the dialog, else as it was when the dialog was last drawn."""
    metadata = services.seal.open(query.metadata, purpose=CALLBACK, user=query.user) or {}
    chosen = next(iter(query.chosen.get("experiment", ())), "") or metadata.get("e", "")
    return (chosen,) if chosen and chosen != NOTE else ()


# The button that opens the dialog, and what the dialog starts with.


OPEN = "dialog:open"
_LABEL = 60


def opener(label: str = "Compare runs …", start: DialogStart | None = None, *, number: int = 0) -> Block:
    """`number` tells several in one view apart."""
    return push(label, f"{OPEN}:{number}" if number else OPEN, start_value(start or DialogStart()))


def start_value(start: DialogStart) -> str:
    runs = [[run_id, clip(one_line(label), _LABEL)] for run_id, label in start.runs]
    while True:
        fields = {"r": runs, "c": start.channel, "t": start.thread_ts}
        value = to_value({name: each for name, each in fields.items() if each})
        if not runs or value:
            return value
        runs.pop()


def from_value(value: str) -> DialogStart:
    """What a button holds; an empty start for what is none of ours."""
    fields = fields_in(value)
    listed = fields.get("r")
    pairs = [each for each in listed if isinstance(each, list) and len(each) == 2] if isinstance(listed, list) else []
    runs = tuple((str(run_id), str(label)) for run_id, label in pairs if 0 < len(str(run_id)) <= OPTION_VALUE)
    return DialogStart(runs, str(fields.get("c", "")), str(fields.get("t", "")))


# “Compare linked runs”, of a message: the runs it links or names are compared in its thread.


COMPARE_LINKED = "compare_message"
_HOW = "I look for MLflow links, and for run names in `backticks` or quotes."


def on_linked_runs(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    utterance, texts = from_shortcut(body), texts_of(body)
    meaning = ParsedRequest(
        lambda: linked_compare(texts, services.for_channel(utterance.team, utterance.channel, utterance.user))
    )
    job = answer_words(utterance, client, services, meaning=meaning)
    job.call_off.append(services.later(services.working_after, job.show_progress))
    hand_over(job, services, job.run)


def linked_compare(texts: Sequence[str], services: Services) -> tuple[Request, Feature]:
    """The comparison of all runs that the texts speak of, or what to say where they are fewer than two."""
    written = mentioned_runs(texts, services.runs)
    if len(written) > MOST_RUNS:
        raise NotUnderstood(f"That message speaks of {len(written)} runs; I compare up to {MOST_RUNS} at once.")
    if len(written) < 2:
        return ShowSettings(), TooFewRuns(written)
    return parse(compare_request(written), command=services.command), compare_message


@dataclass(frozen=True)
class TooFewRuns:
    """Said to who asked, with a way to choose the others."""

    written: tuple[str, ...]

    def answer(self, _request: Request, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        run = _known(self.written, services)
        problem = "I find only one run in that message" if self.written else "I find no run in that message"
        if run:
            problem = f"{problem}: {run.name}"
        report = Report(headline=problem, summary=f"{problem}. {_HOW}", footnotes=(_HOW,))
        runs = ((run.run_id, f"{run.name} ({run.run_id[:8]})"),) if run else ()
        start = DialogStart(runs, utterance.channel, utterance.answer_ts)

        def drawn(rung: BlockLevel) -> Reply:
            return draw(report, rung=rung, row=[opener("Compare it with …" if run else "Choose runs …", start)])

        delivery.answer_privately(drawn)

    def show_progress(
        self, _request: Request, utterance: Utterance, services: Services, delivery: Delivery
    ) -> None: ...


def _known(written: Sequence[str], services: Services) -> Run | None:
    """The one run, where it can be told without doubt."""
    if not written:
        return None
    try:
        request = parse(compare_request([written[0], written[0]]), command=services.command)
        comparison = compare_message.fetch_and_compare(request, services) if isinstance(request, Compare) else None
    except RequestError:
        return None
    run = comparison.baseline.runs[0] if comparison else None
    return run if run and not run.deleted else None
