"""Quick questions: one run, the top, what runs, what failed, lists, names alone; and what is asked for and not done."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from comparison.language.atoms import is_silent
from comparison.language.compare_command import compare_named, too_few
from comparison.language.draft import EVERYWHERE, ONE_RUN, SLOTS, Command, Draft, Example, always, refuse
from comparison.language.lexicon import PLURAL, Role
from comparison.language.names import Kind
from comparison.language.quoting import (
    among_words,
    count_words,
    joined,
    listed,
    part_words,
    reference,
    shared,
    step_words,
    within,
    written,
)
from comparison.language.run_names import MOST_LISTED, runs_of
from comparison.language.settings_command import goal
from comparison.request import Experiments, Failed, Help, ListWatches, Request, Running, Runs, Show, Standup, Top
from comparison.run_reference import (
    AllRuns,
    Group,
    Latest,
    Leading,
    Named,
    OfDay,
    RunReference,
    SweepRuns,
    TopRuns,
    Unfinished,
)

_OF_PERSON = frozenset({"since", "until", "experiment", "where", "everything"})
_OF_COMPARISON = frozenset({"why", "differing", "everything", "best", "tolerance", "only_metrics", "goal"})
_NARROWING = frozenset({"where", "since", "until", "status", "excluded", "experiments", "newest"})


def _show(draft: Draft) -> Request:
    if draft.thread.keys() & {"choose", "swap", "add", "refresh"}:
        draft.check("show")
    runs = runs_of(draft)
    if not runs and _are_people(draft):
        return bare_people(draft)
    if draft.left:
        raise draft.left_over("show")
    if _are_listed(draft, runs):
        return _runs(draft)
    if len(runs) > 1:
        return compare_named(draft, runs)
    if not runs:
        return _without_runs(draft)
    return _shown_run(draft, runs[0])


def _are_people(draft: Draft) -> bool:
    """Whether all that is left are people: `how is maya doing?`, `show what maya and jonas ran`."""
    return bool(draft.left) and all(set(each.kinds) == {Kind.USER} for each in draft.left)


def bare_people(draft: Draft) -> Request:
    draft.user, *draft.others = dict.fromkeys(each.kinds[Kind.USER] for each in draft.left)
    draft.spots.setdefault("user", []).extend(draft.left)
    draft.left, draft.groups = [], [[]]
    if draft.intent == "status":
        draft.intent = "standup"
        return _standup(draft)
    return _runs(draft)


def _are_listed(draft: Draft, runs: Sequence[RunReference]) -> bool:
    """`the last 5 runs`, where no comparison is asked for: they are listed then."""
    sides = draft.sides()
    if len(sides) != 1 or len(runs) < 2 or not isinstance(runs[0], Latest) or all(e.key != "number" for e in sides[0]):
        return False
    draft.count, draft.user, draft.groups = len(runs), runs[0].user or draft.user, [[]]
    return True


def _without_runs(draft: Draft) -> Request:
    """`show`, with words beside it or none."""
    if draft.intent == "status" and not draft.metrics:  # `how is fraud going?`
        draft.intent = "standup"
        return _standup(draft)
    if draft.metrics or draft.experiment or draft.user:
        return bare_names(draft)
    raise refuse("Which run?", "Name it, or say latest or best.", draft.example("show"), draft.atoms[:1])


def _shown_run(draft: Draft, run: RunReference, *, who: bool = False) -> Request:
    """One run by itself; of several the list."""
    if draft.part == "metrics":  # they come first anyway
        draft.part = ""
        draft.spots.pop("part")
    narrowing = [each for each in draft.spots if each in _NARROWING]
    says_several = draft.says_runs()
    match run:
        case AllRuns():
            return _all_listed(draft, run)
        case TopRuns():
            return _ranked(draft, run, run.among.user, run.count)
        case Group(pattern=pattern) if pattern and "'" not in pattern and "where" not in draft.spots:
            like = pattern.replace("%", "_").replace("*", "%").replace("?", "_")
            draft.where, draft.groups = f"attributes.run_name ILIKE '{like}'", [[]]
            return _runs(draft)
        case Group() | SweepRuns():
            remedy, line = "Say with what they are compared.", "compare group:mlp-32 vs latest"
            raise refuse("That means several runs.", remedy, line, draft.atoms)
        case Named() if draft.baseline is not None:
            atoms = [each for each in draft.atoms if each.key == "baseline_role"] or draft.atoms
            problem, remedy = "I am told of a baseline, not asked.", "To make it the baseline, say:"
            raise refuse(problem, remedy, f"pin {written(run.text)}", atoms)
        case Leading() if narrowing or says_several or draft.experiment == EVERYWHERE:
            return _ranked(draft, run, run.user, 5 if says_several else 1)
        case Latest(back=0) if narrowing or says_several:  # `newest runs`
            draft.count = 1 if narrowing else draft.count
            draft.user, draft.groups = run.user or draft.user, [[]]
            return _runs(draft)
    return _shown(draft, run, narrowing, who=who)


def _all_listed(draft: Draft, run: AllRuns) -> Request:
    among = run.among
    if among.user and draft.user not in ("", among.user):
        draft.others.append(among.user)  # `runs by maya and jonas`
    else:
        draft.user = among.user or draft.user
    draft.status = among.status or draft.status
    draft.since, draft.until = among.since or draft.since, among.until or draft.until
    draft.groups = [[]]
    return _failed(draft) if draft.status == "failed" else _runs(draft)


def _ranked(draft: Draft, run: TopRuns | Leading, user: str, count: int) -> Request:
    draft.count, draft.worst, draft.groups = count, run.worst, [[]]
    draft.metrics = [run.metric, *draft.metrics] if run.metric else draft.metrics
    draft.user = user or draft.user
    return _top(draft)


def _shown(draft: Draft, run: RunReference, narrowing: Sequence[str], *, who: bool) -> Request:
    """One run as it is. Raises NotUnderstood for what narrows several."""
    if draft.experiment == EVERYWHERE and not isinstance(run, Leading | Latest):
        draft.experiments = {}
    if draft.user and isinstance(run, Latest | Leading) and not run.user:
        run, draft.user = replace(run, user=draft.user), ""
        draft.spots.pop("user", None)
    if draft.metrics and isinstance(run, Leading) and not run.metric:
        run, draft.metrics = replace(run, metric=draft.metrics[0]), draft.metrics[1:]
    if "experiments" in narrowing:
        raise draft.second_experiment(draft.spots["experiments"])
    if narrowing or draft.user:
        slot = narrowing[0] if narrowing else "user"
        line = joined(f"show {written(run.text)}", draft.part) if isinstance(run, Named) else draft.example("show")
        raise refuse(f"One run is shown as it is, not {SLOTS[slot]}.", "Leave that out.", line, draft.spots[slot])
    draft.thread.pop("last_values", None)
    draft.check("who" if who else "show", is_silent_on_runs=False)
    return Show(run, draft.experiment, who, draft.text, draft.part, tuple(draft.metrics), draft.step)  # type: ignore[arg-type]


def _who(draft: Draft) -> Request:
    runs = runs_of(draft)
    if draft.left:
        raise draft.left_over("who")
    is_of_running = runs == [Unfinished()] and draft.says("running")
    if not runs or is_of_running:
        draft.groups = [[]]
        if is_of_running and "since" not in draft.spots:
            return _running(draft)  # `who is training right now?`
        if draft.spots.keys() & {"experiment", "since", "where"}:
            return _runs(draft)  # `who ran fraud?`, `who's been running this week?`: the runs say it
    if len(runs) != 1:
        line = draft.example("who")
        raise refuse("Who ran what?" if not runs else "This takes one run.", "Name a run.", line, draft.atoms[:1])
    return _shown_run(draft, runs[0], who=True)


def _top(draft: Draft) -> Request:
    draft.check("top")
    metric, more = (draft.metrics[0], tuple(draft.metrics[1:])) if draft.metrics else ("", ())
    return Top(
        draft.count if draft.count is not None else 5,
        metric,
        draft.worst,
        draft.experiment,
        draft.where,
        draft.text,
        more,
        draft.step,
        draft.goal,
        replace(draft.among(where=False), count=None),
    )


def _running(draft: Draft) -> Request:
    draft.check("running")
    return Running(draft.experiment, draft.text, tuple(draft.metrics), draft.among())


def _failed(draft: Draft) -> Request:
    if draft.count == 1 and not draft.since:  # the last one, however long ago
        draft.status, draft.spots["status"] = "failed", draft.spots.pop("count", draft.atoms[:1])
        return _runs(draft)
    draft.status = ""
    draft.check("failed")
    return Failed(draft.since, draft.experiment, draft.text, tuple(draft.metrics), draft.among(since=False))


def _standup(draft: Draft) -> Request:
    draft.check("standup")
    return Standup(draft.since, draft.experiment, draft.text, tuple(draft.metrics), draft.among(since=False))


def _runs(draft: Draft) -> Request:
    if draft.metrics and any(each.key == "by" and _is_metric(draft, at) for at, each in enumerate(draft.atoms, 1)):
        draft.count = draft.count or MOST_LISTED  # `all runs sorted by f1`
        return _top(draft)
    draft.check("runs")
    return Runs(draft.experiment, draft.text, tuple(draft.metrics), draft.among())


def _is_metric(draft: Draft, place: int) -> bool:
    at = draft.skip(place)
    return at < len(draft.atoms) and bool(draft.atoms[at].metric)


def _experiments(draft: Draft) -> Request:
    if person := next((each for each in draft.atoms if Kind.USER in each.kinds), None):
        line = f"list runs by user {written(person.kinds[Kind.USER])}"
        raise refuse("I list all experiments, not those of a person.", "Their runs say where they are:", line, [person])
    draft.check("experiments")
    return Experiments(draft.text)


def _watches(draft: Draft) -> Request:
    """The list; of an experiment it tells as well whether that is watched."""
    if draft.atoms[draft.place].spelling.split()[0] in ("is", "are", "do", "who", "who's"):
        draft.spots.pop("experiment", None)
        draft.experiments.clear()
        draft.groups = [[]]
    draft.check("watches")
    return ListWatches(draft.text)


def _asked_of_watches(draft: Draft) -> Request:
    """`who set up the fraud watch?`, `when is the next digest?`: the list tells."""
    return ListWatches(draft.text)


def _help(draft: Draft) -> Request:
    words = [each.text for each in draft.atoms if each.key not in ("filler", "help", ",", "and")]
    topic = next((each.key for each in draft.atoms if each.role is Role.INTENT and each.key != "help"), "")
    return Help(topic=topic or " ".join(words)[:100])


def _with_people(draft: Draft, runs: list[RunReference]) -> list[RunReference]:
    """`what did ann and priya run?`: runs of both, where one of them stands by itself."""
    people = [each for each in draft.left if set(each.kinds) == {Kind.USER}]
    if not people or people != draft.left or len(runs) != 1 or not isinstance(runs[0], AllRuns):
        return runs
    draft.others += [each.kinds[Kind.USER] for each in people]
    draft.left = []
    return runs


def bare_names(draft: Draft) -> Request:
    """No intent is said: names alone."""
    if draft.thread:
        draft.left += list(draft.thread.values())
        raise draft.left_over("")
    runs = _with_people(draft, runs_of(draft))
    if not runs and len(draft.left) > 1 and draft.spots and _are_people(draft):
        return bare_people(draft)
    if len(draft.left) == 1 and Kind.USER in draft.left[0].kinds:
        if not runs and draft.spots.keys() <= _OF_PERSON:
            return _done_by_person(draft)
        runs = _of_person(draft, runs)
    if draft.left:
        raise draft.left_over("")
    if _are_listed(draft, runs):
        return _runs(draft)
    sides = draft.sides()
    if len(runs) > 1 or (len(sides) > 1 and runs and not draft.others):
        return compare_named(draft, runs)
    return _one_named(draft, runs[0]) if runs else _none_named(draft)


def _of_person(draft: Draft, runs: list[RunReference]) -> list[RunReference]:
    """The runs, where a person is named who is no slot: `fraud best f1 jonas`, `when did ann start roberta?`."""
    run = runs[0] if len(runs) == 1 else None
    if draft.part and draft.part != "details" and isinstance(run, Named):
        line = joined("show", written(run.text), draft.part)  # `what lr did maya use for A?`
        raise refuse("One run is shown as it is, not of a person.", "Leave that out.", line, draft.left)
    if isinstance(run, Leading | Latest) and not run.user:
        runs = [replace(run, user=draft.left[0].kinds[Kind.USER])]
        draft.left = []
    if draft.part == "details" and run is not None:
        draft.left = []  # the details say who did
    return runs


def _done_by_person(draft: Draft) -> Request:
    """A person alone, or what was done by them; not who is addressed."""
    person = draft.left[0]
    draft.spots.pop("everything", None)
    if draft.text[person.at : person.at + 1] in ("@", "<"):
        raise draft.left_over("")
    draft.put_user(person.kinds[Kind.USER], draft.left)
    draft.left, draft.groups = [], [[]]
    return _runs(draft)


def _one_named(draft: Draft, run: RunReference) -> Request:
    if isinstance(run, OfDay) and draft.spots.keys() <= {"experiment", "user"} and not _is_owned(draft):
        draft.since, draft.groups = run.day, [[]]  # `yesterday`
        return _standup(draft)
    if draft.spots.keys() & _OF_COMPARISON and not isinstance(run, Leading):
        if draft.flags == {"why"} and isinstance(run, Named):
            return compare_named(draft, [Leading(), run])  # `why is A so bad?`: against the best
        raise too_few(draft, [run])
    return _shown_run(draft, run)


def _none_named(draft: Draft) -> Request:
    """Slots alone: a goal, metrics, a time, an experiment."""
    slots = draft.spots.keys()
    if draft.goal and draft.metrics and draft.says("lower_better", "higher_better", "better"):
        return goal(draft)
    if draft.goal and not draft.metrics:
        draft.left += draft.spots["goal"]
        raise draft.left_over("")
    if draft.metrics:
        return _top(draft)
    is_when = bool(slots & {"since", "until"}) and not draft.are_many() and not draft.says("run")
    if is_when and slots <= {"since", "until", "experiment", "excluded", "everything"}:
        draft.spots.pop("everything", None)
        draft.intent = "standup"
        return _standup(draft)
    says_runs = any(each.key == "run" and each.spelling in PLURAL for each in draft.atoms)
    is_listed = bool(slots & {"experiment", "user", "where"}) or (says_runs and bool(slots))
    if is_listed and draft.flags <= {"everything"}:
        draft.spots.pop("everything", None)  # `everything in fraud`: its runs
        return _runs(draft)
    spots = [each for atoms in draft.spots.values() for each in atoms]
    draft.left += spots or draft.atoms[:1]
    raise draft.left_over("")


def _is_owned(draft: Draft) -> bool:
    """Whether a run of the day is spoken of: `yesterday's`, `the run of monday`."""
    return any(each.possessive or each.key == "run" for each in draft.atoms)


# Written back
def _show_line(request: Show) -> str:
    lead = "who ran" if request.who else "show"
    return joined(lead, reference(request.run), *shared(request), part_words(request.part), step_words(request.at_step))


def _top_line(request: Top) -> str:
    ranked = listed("by metric", (request.metric, *request.metrics) if request.metric else request.metrics)
    where = f"where {request.where}" if request.where else ""
    goal = f"{request.goal} is better" if request.goal else ""
    lead = f"top {request.count}{' worst' if request.worst else ''}"
    place, step = within(request.experiment), step_words(request.at_step)
    return joined(lead, ranked, place, *among_words(request.among), step, goal, where)


def _list_line(lead: str, request: Running | Runs) -> str:
    return joined(lead, count_words(request.among), *shared(request), *among_words(request.among))


def _past_line(lead: str, request: Failed | Standup) -> str:
    since = f"since {request.since}" if request.since else ""
    return joined(lead, count_words(request.among), since, *shared(request), *among_words(request.among))


_QUICK = "experiment experiments user metrics status since until where excluded count"


# Refused, with what can be typed instead


def _define(draft: Draft) -> Request:
    word = next(e for e in reversed(draft.atoms) if (e.is_unknown or e.kinds) and e.spelling[:4] != "mean")
    metric = word.kinds.get(Kind.METRIC) or draft.names.metric(word.text)
    line = f"top 5 by {written(metric)}" if metric else "help"
    raise refuse("I explain no words; I compare runs by what they logged.", "What I can do with it:", line, [word])


def _cannot(draft: Draft) -> Request:
    verb = next((each for each in draft.atoms if each.key == "cannot"), None)
    verb = verb or next(each for each in draft.atoms if not is_silent(each))
    runs = [each for each in draft.atoms if each.is_run]
    name = runs[0].kinds.get(Kind.RUN, runs[0].text) if runs else ""
    if draft.says("watch", "watches"):
        places = draft.named(Kind.EXPERIMENT)
        line = f"change watch {written(places[0])}" if places else "watches"
        remedy = "A watch I can pause, resume, change and remove:"
        raise refuse(f"I cannot {verb.spelling} a watch.", remedy, line, [verb])
    if verb.spelling in ("stop", "cancel") and not runs:
        raise refuse("Stop what?", "Watches and digests are ended from the list.", "watches", [verb])
    is_best = draft.says("best")
    line = f"show {written(name)}" if name else "show best" if is_best else draft.example("compare")
    remedy = "I read MLflow and change nothing in it. I can show and compare runs, and watch experiments."
    raise refuse(f"I cannot {verb.spelling} anything.", remedy, line, [verb])


def _dont(draft: Draft) -> Request:
    verb = next(each for each in draft.atoms if each.key == "dont")
    problem = "That says what I shall not do, and I do nothing unasked."
    raise refuse(problem, "Say what you want to see.", "help", [verb])


COMMANDS = {
    "": Command(bare_names),
    "show": Command(
        _show,
        "show one run",
        "experiment user metrics step part status where since excluded until",
        ONE_RUN,
        ((Show, _show_line),),
    ),
    "status": Command(_show),
    "who": Command(_who, "say who ran a run", "experiment", Example("who ran {run}", "who ran latest")),
    "top": Command(
        _top,
        "list the best runs",
        f"{_QUICK} newest step goal",
        Example("top 5 by {metric}", "top 5"),
        ((Top, _top_line),),
    ),
    "running": Command(
        _running,
        "list running runs",
        "experiment experiments user metrics where excluded count since",
        Example("running in {experiment}", "running"),
        ((Running, partial(_list_line, "running")),),
    ),
    "failed": Command(
        _failed,
        "list failed runs",
        "experiment experiments user metrics since until where excluded count",
        Example("failed in {experiment}", "failed since yesterday"),
        ((Failed, partial(_past_line, "failed")),),
    ),
    "standup": Command(
        _standup,
        "sum up what happened",
        "experiment experiments user metrics since until where excluded",
        Example("standup in {experiment}", "standup"),
        ((Standup, partial(_past_line, "standup")),),
    ),
    "finished": Command(_standup),
    "runs": Command(
        _runs,
        "list runs",
        f"{_QUICK} lasting order",
        Example("list runs in {experiment}", "list runs"),
        ((Runs, partial(_list_line, "list runs")),),
    ),
    "experiments": Command(
        _experiments,
        "list experiments",
        "",
        Example("list experiments"),
        ((Experiments, lambda _request: "list experiments"),),
    ),
    "watches_asked": Command(_asked_of_watches, is_whole=always),
    "watches": Command(
        _watches,
        "list all watches of the channel",
        "",
        Example("watches"),
        ((ListWatches, lambda _request: "watches"),),
    ),
    "help": Command(
        _help,
        "help",
        "",
        Example("help"),
        ((Help, lambda request: "" if request.unasked else f"help {request.topic}".strip()),),
    ),
    "define": Command(_define),
    "cannot": Command(_cannot),
    "dont": Command(_dont),
}
