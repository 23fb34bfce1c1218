"""Metrics: `by val_loss`, `metrics f1 and auc`, `only accuracy`."""

# ruff: noqa: C901, PLR0911 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Sequence
from dataclasses import replace

from comparison.judgement.goals import goal_of
from comparison.language.atoms import WORDED, Atom, is_silent
from comparison.language.draft import LISTS, PARTS, RANKING, Draft, Guess, refuse
from comparison.language.intents import HARD, STATUS
from comparison.language.lexicon import PLURAL
from comparison.language.names import Kind
from comparison.language.quoting import written
from comparison.language.words.filters import read_user
from comparison.language.words.options import read_part
from comparison.runs import Goal

_RANKED_BY = re.compile(r"metrics\.`([^`]+)`")
_GROUPS = frozenset(
    {"person", "people", "user", "users", "owner", "author", "team", "experiment", "experiments", "day", "week"}
    | {"model", "models"}
)


def read_by(draft: Draft, atom: Atom, place: int) -> int:
    """A metric, a person or a parameter: the kind of the name decides."""
    at = draft.skip(place + 1, "of")
    follows = draft.atoms[at] if at < len(draft.atoms) else None
    if follows and follows.is_run and "replace" in draft.thread:
        return at  # `replace A by B`
    _check_group(draft, atom, place)
    if follows is None:
        raise refuse("By what?", "Name a metric or a person.", draft.example_line(), [atom])
    if follows.key in PARTS and Kind.METRIC not in follows.kinds:
        raise refuse(f"I cannot rank by {follows.text}.", "Name a metric.", draft.example_line(), [follows])
    if follows.key == "best" and draft.atoms[at + 1 : at + 2] and draft.atoms[at + 1].metric:
        draft.flag("best", follows)  # `by best val_loss`
        return read_metrics(draft, at + 1)
    kinds = follows.kinds
    if Kind.USER in kinds and Kind.METRIC in kinds:
        problem = f"{draft.shown([follows])} is a person and a metric here."
        line = f"{draft.text[: atom.at].strip()} by user {follows.text}".strip()
        raise refuse(problem, f"Say by user {follows.text}, or by metric {follows.text}.", line, [follows])
    if Kind.METRIC in kinds:
        return read_metrics(draft, at)
    if Kind.USER in kinds or follows.text.startswith("@"):
        return read_user(draft, atom, at - 1)
    if follows.key == "filter":
        ranked = _RANKED_BY.match(follows.text)
        if ranked and follows.value == WORDED and draft.intent in ("top", ""):
            draft.note("metrics", [follows])  # `top 5 by f1 over 0.9`
            draft.metrics.append(ranked[1])
        return at  # `using lr 0.1`
    if Kind.PARAMETER in kinds or Kind.TAG in kinds:
        problem = f"{draft.shown([follows])} is a parameter; I rank by metrics."
        raise refuse(problem, "Name a metric, or say where for a filter.", draft.example_line(), [follows])
    words, _last = draft.unknown_words(at)
    said = " ".join(each.text for each in words) or (follows.text if follows.quoted or follows.kinds else "")
    says_runs = not draft.intent and any(each.text.casefold() in PLURAL for each in draft.atoms[:place])
    lists_people = draft.intent in ("running", "failed", "standup", "runs") or says_runs
    lists_people = lists_people and goal_of(said) is Goal.UNKNOWN
    is_of_latest = draft.lead() in ("latest", "previous") and goal_of(said) is Goal.UNKNOWN
    if said and (lists_people or is_of_latest):
        return read_user(draft, atom, at - 1)
    return read_metrics(draft, at)


def _check_group(draft: Draft, atom: Atom, place: int) -> None:
    """Raises NotUnderstood for `by person`: lists are not parted into groups."""
    for group in draft.atoms[place + 1 : place + 2]:
        if group.text.casefold() in _GROUPS and not (group.quoted or group.kinds):
            line = " ".join(f"{draft.text[: atom.at]} {draft.text[group.end :]}".split()).rstrip("?")
            problem = f"I do not sort into groups by {group.text}."
            raise refuse(problem, "A list says it of each run:", line, [atom, group])


def read_metric_word(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent in ("set", "unset", "make") and draft.metrics:
        return place + 1
    if [each.key for each in draft.atoms[place + 1 :] if not is_silent(each)] == ["only"] and draft.has_name():
        draft.note("part", draft.atoms[place:])  # `A vs B metrics only`
        draft.part = "metrics"
        return len(draft.atoms)
    skipped = {"": ("of",), "show": ("of",), "status": ("of",), "set": ("with",)}.get(draft.intent, ())
    at = draft.skip(place + 1, *skipped)
    if draft.intent in ("", "show", "status") and at < len(draft.atoms) and draft.atoms[at].is_run:
        return at  # `metrics of xgb-v1`
    if draft.intent in ("", "show", "status") and at == len(draft.atoms) and draft.has_name():
        draft.part = "" if draft.part == "parameters" else draft.part  # `A's params and metrics`: both are shown
        return at  # `the latest run's metrics`
    if at == len(draft.atoms) and draft.intent in ("unset", "set", "settings"):
        draft.note("metrics", [atom])
        return at
    is_of_run = draft.lead() in (*RANKING, "number") and draft.atoms[place - 1].key not in ("by", "of")
    return read_metrics(draft, at, [atom], is_of_run=is_of_run and atom.text.casefold() == "metric")


def read_metrics(draft: Draft, place: int, spot: Sequence[Atom] = (), *, is_of_run: bool = False) -> int:
    """One metric or several, with commas or `and` between."""
    found: list[str] = []
    while True:
        at = draft.skip(place)
        name, last = "", at
        atoms: list[Atom] = []
        if at < len(draft.atoms) and (not found or not _is_side(draft, at)):
            name, atoms, last = _metric_at(draft, at)
        if not name:
            break
        found += [name] if name not in found else []
        spot = [*spot, *atoms]
        place = last
        at = draft.skip(place)
        if (
            at < len(draft.atoms)
            and draft.atoms[at].key in (",", "and")
            and _may_be_metric(draft, draft.skip(at + 1, ",", "and"))
        ):
            place = draft.skip(at + 1, ",", "and")
        else:
            break
    if not found:
        where = [draft.atoms[place]] if place < len(draft.atoms) else list(spot)
        raise refuse("By which metric?", "Name it.", draft.example_line(), where)
    lead = draft.lead()
    if (
        lead in (*RANKING, "number")
        and not (draft.is_parted and lead == "number")
        and draft.intent not in LISTS
        and len(found) == 1
        and (is_of_run or _is_of_side(draft, place))
    ):
        draft.add(replace(spot[-1], key="", kinds={Kind.METRIC: found[0]}, quoted=False))
        return place
    draft.note("metrics", spot)
    draft.metrics += [each for each in found if each not in draft.metrics]
    return place


def _is_of_side(draft: Draft, place: int) -> bool:
    """Whether what was read belongs to the run named just before: another side follows, or it is the only one."""
    behind = draft.atoms[draft.skip(place)].key if draft.skip(place) < len(draft.atoms) else ""
    return behind in (*HARD, "and", "or", "with") or (len(draft.groups) == 1 and draft.intent != "compare")


def _is_side(draft: Draft, place: int) -> bool:
    atom = draft.atoms[place]
    return atom.is_run and Kind.METRIC not in atom.kinds


def _may_be_metric(draft: Draft, place: int) -> bool:
    if place >= len(draft.atoms):
        return False
    atom = draft.atoms[place]
    return Kind.METRIC in atom.kinds or atom.quoted or (atom.is_unknown and not atom.possessive)


def _metric_at(draft: Draft, place: int) -> tuple[str, list[Atom], int]:
    atom = draft.atoms[place]
    if Kind.METRIC in atom.kinds:
        return atom.kinds[Kind.METRIC], [atom], place + 1
    if atom.is_unknown or atom.quoted:
        words, last = ([atom], place + 1) if atom.quoted else draft.unknown_words(place)
        name = " ".join(each.text for each in words)
        if not words or not name.strip():
            return "", [], place
        known = draft.names.metric(name)
        if not known:
            draft.guesses.append(Guess(Kind.METRIC, name))
        return known or name, words, last
    return "", [], place


def read_only(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1, "metrics")
    if at == len(draft.atoms):
        if any(each.key == "metrics" for each in draft.atoms[place + 1 : at]):  # `only the metrics`
            draft.note("part", draft.atoms[place:at])
            draft.part = "metrics"
        elif draft.metrics:  # `accuracy only`
            draft.note("only_metrics", [atom])
        elif not (draft.part or _is_behind_slot(draft, place)):
            draft.left.append(atom)
        return at
    follows = draft.atoms[at]
    if (follows.key == "of" or follows.is_run) and any(each.key == "metrics" for each in draft.atoms[place + 1 : at]):
        draft.note("part", draft.atoms[place:at])  # `only the metrics of A vs B`
        draft.part = "metrics"
        return at
    if follows.key == "when":
        place_ = next((each.kinds[Kind.EXPERIMENT] for each in draft.atoms if Kind.EXPERIMENT in each.kinds), "*")
        remedy = "To be told when runs get better, watch their experiment:"
        line = f"watch {place_ if place_ == '*' else written(place_)} only better"
        raise refuse("I compare when I am asked, whatever the values are.", remedy, line, [atom, follows])
    if follows.key in PARTS and Kind.METRIC not in follows.kinds:
        return read_part(draft, follows, at)
    if (
        follows.key == "time"
        or follows.key in STATUS
        or Kind.EXPERIMENT in follows.kinds
        or Kind.USER in follows.kinds
        or follows.key in ("by", "in", "user", "of")
    ):
        return at
    if follows.key == "parameter" or follows.key in ("best_values", "last_values", "differing"):
        return at
    if _is_side(draft, at) or (follows.is_unknown and draft.intent not in ("compare", "", "show")):
        draft.left.append(follows)
        return at + 1
    last = read_metrics(draft, at)
    draft.note("only_metrics", [atom])
    return last


def _is_behind_slot(draft: Draft, place: int) -> bool:
    """Whether what stands before narrows already: `standup of maya only`."""
    before = next((each for each in reversed(draft.atoms[:place]) if not is_silent(each)), None)
    narrowing = [each for slot in ("user", "experiment", "since", "status") for each in draft.spots.get(slot, ())]
    return before in narrowing


READERS = {"by": read_by, "metrics": read_metric_word, "only": read_only}
