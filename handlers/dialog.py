"""“Compare runs …”: experiment, runs, metrics, and where to post, chosen from lists instead of typed."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.following import MOST_RUNS, compared
from comparison.report import Report
from handlers import compare, said, sent
from handlers.answering import Meaning, answering
from handlers.blocks import plain
from handlers.failures import SlackFailed
from handlers.followups import hand_over
from handlers.kept import keep, kept
from handlers.opening import OPEN, Start, read
from handlers.outlet import Outlet
from handlers.reply import Block
from handlers.said import Said, Submitted
from handlers.services import Services, Work
from handlers.suggesting import EXPERIMENT, METRICS, NOTE, RUNS, chosen_runs, option

log = logging.getLogger(__name__)

SHORTCUT = "compare_runs"
CALLBACK = "dialog"
PLACE = "dialog:place"
_LATE = "The dialog could not be opened: Slack gives me three seconds for it. Please try again."
_TOO_FEW = "Choose two runs or more; the first is the baseline."
_NOWHERE = "Choose where to post."


def register(app: App) -> None:
    app.shortcut({"type": "shortcut", "callback_id": SHORTCUT})(hear_shortcut)
    app.action(re.compile(f"^{OPEN}"))(hear_button)
    app.action(EXPERIMENT)(hear_experiment)
    app.view(CALLBACK)(hear_dialog)


def hear_shortcut(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    open_dialog(sent.from_shortcut(body), Start(), client, services)


def hear_button(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = said.pressed(body)
    start = read(pressed.choice)
    heard = pressed.said
    if not start.channel and heard.channel:
        start = replace(start, channel=heard.channel, thread_ts=start.thread_ts or heard.thread_ts)
    open_dialog(heard, start, client, services)


def hear_experiment(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """The lists of runs and metrics learn of it; what was chosen already stays."""
    ack()
    shown = sent.shown(body)
    told = kept(shown.kept)
    pressed = said.pressed(body)
    chosen = pressed.choice
    told["e"] = "" if chosen == NOTE else chosen
    start = Start(channel=told.get("c", ""), thread_ts=told.get("t", ""))
    changed = view(start, keep(told))

    def redraw() -> None:
        try:
            Outlet.of(client, services.sleep, 2.0).update_view(shown.view, shown.hash, changed)
        except SlackFailed as failure:
            log.info("the dialog could not be redrawn: %s", failure)  # it may be closed by now

    person = pressed.said.user
    services.pool.submit(Work(redraw, person, person))


def hear_dialog(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """What is wrong is said in the dialog; the comparison is posted where it was wished."""
    submitted = said.submitted(body)
    runs, place = chosen_runs(submitted.chosen.get("runs", ())), submitted.typed.get("place", "")
    errors = {"runs": _TOO_FEW} if len(runs) < 2 else {} if place else {"place": _NOWHERE}
    if errors:
        ack(response_action="errors", errors=errors)
        return
    metrics = tuple(each for each in submitted.chosen.get("metrics", ()) if each != NOTE)
    request = replace(compared(runs[:MOST_RUNS]), metrics=metrics)
    heard = _heard(submitted, place)
    is_new = services.inbox.put(heard.delivery, replace(heard, words=_in_words(runs[:MOST_RUNS], metrics)))
    ack()
    if not is_new:
        return
    work = answering(heard, client, services, meaning=Meaning(lambda: (request, compare)))
    work.call_off.append(services.later(services.working_after, work.say_meanwhile))
    hand_over(work, services, work.run)


def open_dialog(heard: Said, start: Start, client: WebClient, services: Services) -> None:
    """At once, by the thread that listens: its lists are filled when they are opened. Never raises."""
    private = keep({"c": start.channel, "t": start.thread_ts, "r": heard.response_url if start.channel else ""})
    try:
        Outlet.of(client, services.sleep, 0.0).open_view(heard.trigger, view(start, private))
    except SlackFailed as failure:
        log.warning("the dialog could not be opened: %s", failure)
        told = heard if heard.channel else replace(heard, channel=heard.user, is_direct=True)
        work = answering(told, client, services)
        hand_over(work, services, lambda: work.tell(Report(headline=_LATE, summary=_LATE)))


def view(start: Start, private: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Compare runs", 24),
        "submit": plain("Compare", 24),
        "close": plain("Cancel", 24),
        "private_metadata": private,
        "blocks": [_experiment(), _runs(start), _metrics(), _place(start)],
    }


def _experiment() -> Block:
    element = {"type": "external_select", "min_query_length": 0, "placeholder": plain("Any experiment", 150)}
    hint = "Narrows the list of runs."
    return {
        **_input("experiment", "Experiment", hint, element | {"action_id": EXPERIMENT}),
        "optional": True,
        "dispatch_action": True,
    }


def _runs(start: Start) -> Block:
    element: Block = {
        "type": "multi_external_select",
        "action_id": RUNS,
        "min_query_length": 0,
        "max_selected_items": MOST_RUNS,
        "placeholder": plain("Type a name, id, user or tag", 150),
    }
    if start.runs:
        element["initial_options"] = [option(label, run_id) for run_id, label in start.runs]
    return _input("runs", "Runs", "Two or more. The first one is the baseline.", element)


def _metrics() -> Block:
    element = {"type": "multi_external_select", "min_query_length": 0, "placeholder": plain("All metrics", 150)}
    hint = "These come first; the first of them decides."
    return {**_input("metrics", "Metrics", hint, element | {"action_id": METRICS}), "optional": True}


def _place(start: Start) -> Block:
    element: Block = {"type": "conversations_select", "action_id": PLACE, "response_url_enabled": True}
    if start.channel:
        element["initial_conversation"] = start.channel
    else:
        element["default_to_current_conversation"] = True
    hint = "In the thread it was asked from, where that is the same channel." if start.thread_ts else ""
    return _input("place", "Post in", hint, element)


def _input(block_id: str, label: str, hint: str, element: Block) -> Block:
    block: Block = {"type": "input", "block_id": block_id, "label": plain(label, 100), "element": element}
    return block | ({"hint": plain(hint, 150)} if hint else {})


def _in_words(runs: Sequence[str], metrics: Sequence[str]) -> str:
    """The same as it would be typed, for another process to answer should this one end."""
    named = ", ".join(f'"{each}"' for each in metrics)
    return f"{' vs '.join(runs)}{f' by {named}' if named else ''}"


def _heard(submitted: Submitted, place: str) -> Said:
    told = kept(submitted.kept)
    is_same = place == told.get("c", "")
    thread = told.get("t", "") if is_same else ""
    return Said(
        words="",
        user=submitted.user,
        team=submitted.team,
        channel=place,
        delivery=f"view:{submitted.view}" if submitted.view else "",
        thread_ts=thread,
        answer_ts=thread,
        response_url=submitted.urls.get(place, "") or (told.get("r", "") if is_same else ""),
        is_direct=place.startswith("D"),
    )
