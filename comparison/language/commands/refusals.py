"""What is asked for and not done here: each refusal says what can be typed instead."""

from comparison.language.atoms import is_silent
from comparison.language.draft import Command, Draft, refuse
from comparison.language.names import Kind
from comparison.language.quoting import written
from comparison.request import Request


def _define(draft: Draft) -> Request:
    word = next(e for e in reversed(draft.atoms) if (e.is_unknown or e.kinds) and e.text.casefold()[:4] != "mean")
    metric = word.kinds.get(Kind.METRIC) or draft.names.metric(word.text)
    line = f"top 5 by {written(metric)}" if metric else "help"
    raise refuse("I explain no words; I compare runs by what they logged.", "What I can do with it:", line, [word])


def _cannot(draft: Draft) -> Request:
    verb = next((each for each in draft.atoms if each.key == "cannot"), None)
    verb = verb or next(each for each in draft.atoms if not is_silent(each))
    runs = [each for each in draft.atoms if each.is_run]
    name = runs[0].kinds.get(Kind.RUN, runs[0].text) if runs else ""
    if any(each.key in ("watch", "watches") for each in draft.atoms):
        places = [each.kinds[Kind.EXPERIMENT] for each in draft.atoms if Kind.EXPERIMENT in each.kinds]
        line = f"change watch {written(places[0])}" if places else "watches"
        remedy = "A watch I can pause, resume, change and remove:"
        raise refuse(f"I cannot {verb.text.casefold()} a watch.", remedy, line, [verb])
    if verb.text.casefold() in ("stop", "cancel") and not runs:
        raise refuse("Stop what?", "Watches and digests are ended from the list.", "watches", [verb])
    is_best = any(each.key == "best" for each in draft.atoms)
    line = f"show {written(name)}" if name else "show best" if is_best else draft.example("compare")
    remedy = "I read MLflow and change nothing in it. I can show and compare runs, and watch experiments."
    raise refuse(f"I cannot {verb.text.casefold()} anything.", remedy, line, [verb])


def _dont(draft: Draft) -> Request:
    verb = next(each for each in draft.atoms if each.key == "dont")
    problem = "That says what I shall not do, and I do nothing unasked."
    raise refuse(problem, "Say what you want to see.", "help", [verb])


COMMANDS = {"define": Command(_define), "cannot": Command(_cannot), "dont": Command(_dont)}
