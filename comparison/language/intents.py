"""What is asked for: the atoms of a request → its intent, and the atom that says it."""

# ruff: noqa: C901, PLR0911, PLR0912 -- a grammar is a list of cases, each in its place

from collections.abc import Mapping, Sequence

from comparison.language.atoms import Atom, is_material, is_silent
from comparison.language.dates import DAYS, read_clock
from comparison.language.lexicon import INTENTS, PLURAL, TALK, Role, one_of
from comparison.language.names import Kind

STATUS = ("failed", "running", "finished")
HARD = ("vs", "against")
ORDERS = ("longest", "shortest", "oldest")
_PARTING = ("vs", "against", "and", "or", "with", ",", "than")
_DOING = frozenset(
    {"do", "done", "doing", "work on", "worked on", "working on", "been up to", "up to lately", "gemacht"}
)
DONE = frozenset({"start", "train", "launch", "log", "create", "change"})
_AUXILIARY = frozenset({"did", "does", "has", "have", "had", "was", "were", "how many", "many", "who", "when"})
_UNSAID = frozenset(  # intents that say nothing by themselves
    {"make", "define", "swap", "add", "refresh", "choose", "instead", "replace", "same", "watch_when"}
)
_COMMANDS = frozenset(  # which `show` goes with, whatever runs are called
    (
        *STATUS,
        "settings",
        "watches",
        "experiments",
        "runs",
        "standup",
        "digest",
        "help",
        "top",
        "all",
        "details",
        "compare",
    )
)
_ASKING = frozenset({"show", "curves", "who", "status", "pin", "parameters", "tags", "datasets", "details"})
TELLING = frozenset(
    [
        "tell",
        "let",
        "notify",
        "alert",
        "ping",
        "warn",
        "inform",
        "message",
        "remind",
        "dm",
        "update",
        "post",
        "report",
        "say",
        "mention",
    ]
)
_GREETINGS = frozenset(["hi", "hello", "hey", "yo", "hallo", "hola", "bonjour", "olá"]) | {
    "good morning",
    "good afternoon",
    "good evening",
    "hey there",
    "hi there",
    "-h",
}


def is_small_talk(atoms: Sequence[Atom]) -> bool:
    """Whether only politeness is said: `thanks!`, `nice :tada: looks good`."""
    is_silent_ = all(
        (each.key in ("filler", ",", "and", "dash") or (set(each.kinds) == {Kind.USER} and not each.possessive))
        and not each.quoted
        for each in atoms
    )
    is_said = any(each.text.casefold() in TALK or not any(map(str.isalnum, each.text)) for each in atoms)
    is_emoji = any(each.text.startswith(":") and each.text.endswith(":") for each in atoms)
    greets = any(each.text.casefold() in _GREETINGS for each in atoms)
    return is_silent_ and (is_said or is_emoji) and not greets


def asks(atoms: Sequence[Atom], place: int) -> bool:
    """Whether it is asked for what was done, and not to be done: `did anyone train today?`."""
    return any(set(each.text.casefold().split()) & _AUXILIARY for each in atoms[:place])


def is_chosen(atoms: Sequence[Atom]) -> bool:
    """Whether it is asked which of several: `which one should we ship?`."""
    said = {word for each in atoms for word in each.text.casefold().split()}
    return bool(said & {"which", "what"}) and bool(said & {"should", "would", "can", "do", "shall"})


_TRAINED = frozenset({"train", "trained", "learn", "learned"})
_TRENDS = frozenset({"getting", "improving", "worse", "regressing", "degrading", "improve", "improved", "regression"})


def is_trend(atoms: Sequence[Atom]) -> bool:
    """Whether it is asked how an experiment goes on: `is nightly getting worse?`, `did fraud improve?`."""
    said = {word for each in atoms for word in each.text.casefold().split()}
    named = any(Kind.EXPERIMENT in each.kinds for each in atoms)
    return named and bool(said & _TRENDS)


def find_intent(atoms: Sequence[Atom]) -> tuple[str, int]:
    """The intent, and the atom that says it (-1: none says it)."""
    content = [place for place, each in enumerate(atoms) if not is_silent(each) and each.key not in ("and", ",")]
    if not content:
        if any(each.key == "experiment" and each.text.casefold() == "experiments" for each in atoms):
            return "experiments", -1
        greets = any(each.text.casefold() in _GREETINGS for each in atoms)
        return ("help", -1) if greets else ("", -1)
    first = content[0]
    if _asks_what_a_person_did(atoms):
        return "standup", -1
    keys = {
        atoms[place].key: place
        for place in reversed(content)
        if not (
            stands_as_name(atoms, place, "")
            or _is_left_out(atoms, place)
            or _is_place(atoms, place)
            or (atoms[place].text.casefold() == "over" and place + 1 < len(atoms) and _names_run(atoms, place + 1))
        )
    }
    if "why" in keys and keys.keys() & {"since", "during"} and not any(_names_run(atoms, place) for place in content):
        return "standup", keys["why"]  # `what changed since yesterday?`
    lead = atoms[first].key if keys.get(atoms[first].key) == first else ""
    if "help" in keys and (lead == "help" or atoms[keys["help"]].text in ("?", "--help")):
        return "help", keys["help"]
    if "define" in keys and _is_definition(atoms, keys["define"]):
        return "define", keys["define"]
    begun = " ".join(each.text.casefold() for each in atoms[:3])
    if any(each.key == "digest" for each in atoms) and begun.startswith(("when is", "when does", "what time")):
        return "watches_asked", first  # `when is the next digest?`
    if lead.startswith("access_"):
        return lead, first
    if lead == "except" and atoms[first].text.casefold() == "hide" and "channel" in atoms[-1].text.casefold():
        return "access_who", first  # `hide churn from this channel`
    if (told := _of_settings(atoms, keys, lead)) is not None:
        return told, keys.get(told, -1)
    if lead == "pause" and "vs" not in keys:
        return "pause", first
    if (done := _of_ends(atoms, content, keys, lead)) is not None:
        return done
    if (
        lead == "digest"
        or ("standup" in keys and _is_planned(atoms))
        or ("digest" in keys and abs(keys.get("standup", -9) - keys["digest"]) < 2)  # `standup digest at 9`
        or (atoms[first].text.casefold() == "skip" and any(each.key == "digest" for each in atoms))
        or ("digest" in keys and "standup" not in keys and "vs" not in keys)
    ):
        return "digest", keys.get("digest", keys.get("standup", first))
    if (found := _of_trends(atoms, content, keys, lead)) is not None:
        return found
    if (changed := _of_watches(atoms, keys, lead)) is not None:
        return changed, first
    if "second" in keys and not keys.keys() & {
        "vs",
        "against",
        "than",
        "compare",
        "with",
        "and",
        "watch",
        "watch_when",
    }:
        return "top", keys["second"]
    if keys.keys() & {*ORDERS, "lasting"} and _lists_by_length(atoms, content, keys):
        return "runs", -1
    if (watched := _of_telling(atoms, content, keys, lead)) is not None:
        return watched
    is_changed = lead == "replace" or (lead == "cannot" and atoms[first].text.casefold() == "change")
    if is_changed and keys.keys() & {"baseline", "baseline_role"}:
        return "make", first
    if lead == "cannot" and atoms[first].text.casefold() == "put" and _is_side_by_side(atoms, keys):
        return "compare", first
    if _labels(atoms, content):
        return "cannot", first
    if lead == "cannot" and is_chosen(atoms) and sum(_names_run(atoms, place) for place in content) > 1:
        return "compare", -1
    if lead in ("pause", "dont") or (
        lead == "cannot" and not (asks(atoms, first) and atoms[first].text.casefold() in DONE)
    ):
        return lead, first
    if (told := _is_told(atoms)) is not None:
        return told, -1
    if not atoms[0].is_run and atoms[0].text.casefold().startswith(("default", "primary", "the default")):
        return "set", -1
    if lead == "show":
        rest = [atoms[place].key for place in content[1:]]
        has_run = any(_names_run(atoms, place) for place in content[1:])
        for key in ("settings", "watches", "standup", "experiments", "top", *STATUS, "compare"):
            if key in rest and not (has_run and key in STATUS):
                return (_listed(key, lead), keys.get(key, first))
        nouns = [each for each in atoms[first:] if each.key == "run"]
        named = any(atoms[place].is_run for place in content[1:])
        if "latest" in rest and "finished" in rest and not named:
            return "runs", first  # `show the last finished run`
        if "latest" in rest and not any(atoms[place].is_run or atoms[place].possessive for place in content):
            has_run = False
        if nouns and nouns[0].text.casefold() in PLURAL and not has_run:
            return "runs", first
        if not has_run and any(
            each.key == "experiment" and each.text.casefold().endswith("s") for each in atoms[first:]
        ):
            return "experiments", first
        return "show", first
    return _by_words(atoms, content, keys, lead)


def _lists_by_length(atoms: Sequence[Atom], content: Sequence[int], keys: Mapping[str, int]) -> bool:
    """Whether runs are asked for by how long they took: `which run took the longest?`, `runs longer than 2h`."""
    others = {"vs", "against", "than", "compare", "watch", "watch_when", "unwatch", "digest", "top", "help", "curves"}
    named = any(_names_run(atoms, place) and atoms[place].key not in (*ORDERS, "latest") for place in content)
    return not named and not keys.keys() & others and not any(each.metric for each in atoms)


def _of_ends(
    atoms: Sequence[Atom], content: Sequence[int], keys: Mapping[str, int], lead: str
) -> tuple[str, int] | None:
    """Runs by how they ended, where that is denied or both ends are asked for: `who didn't finish?`."""
    named = any(_names_run(atoms, place) and atoms[place].key != "latest" for place in content)
    if named or keys.keys() & {"vs", "against", "than", "compare", "top", "watch", "watch_when", "unwatch", "digest"}:
        return None
    denied = [place for place in content if atoms[place].key in STATUS and _is_left_out(atoms, place)]
    if denied and not keys.keys() & {*STATUS} and denied[0] <= content[0] + 2 and lead in ("who", "except", "finished"):
        return "runs", keys.get("who", -1)
    if {"finished", "failed"} <= keys.keys() and lead in ("finished", "failed", "show"):
        return "standup", -1
    nouns = [each.text.casefold() for each in atoms if each.role is Role.NOUN]
    if nouns[:1] == ["experiments"] and len(nouns) == 1 and atoms[content[0]].key in ("by", "of", "user"):
        return "experiments", -1  # `experiments by maya`
    if "only" in keys and "finished" in keys and keys.keys() <= {"only", "finished", "in", "of", ""}:
        return "runs", -1  # `fraud, only finished`
    if len(content) == 1 and lead == "daily":
        return "standup", -1
    return None


def _of_trends(
    atoms: Sequence[Atom], content: Sequence[int], keys: Mapping[str, int], lead: str
) -> tuple[str, int] | None:
    """Curves or a sweep, where they are asked for; `how did A train?` asks for curves."""
    if lead in ("watch", "unwatch", "watch_when", "set", "unset", "pin"):
        return None
    first = content[0]
    for key in ("curves", "sweeps"):
        if key in keys:
            return key, keys[key]
    steps = atoms[keys["best_values"]].text.casefold().split() if "best_values" in keys else []
    is_of_step = steps[:1] == ["best"] and steps[-1] in ("step", "epoch") and "vs" not in keys
    if is_of_step and sum(_names_run(atoms, place) for place in content) == 1:  # `best step of A`
        return "curves", keys["best_values"]
    is_behind = "sweep" in keys and all(map(is_silent, atoms[keys["sweep"] + 1 :]))
    if is_behind and any(map(is_material, atoms[: keys["sweep"]])):  # `A sweep results`
        return "sweeps", keys["sweep"]
    if lead == "sweep" and not keys.keys() & {"vs", "against", "than", "compare"}:
        return "sweeps", -1
    best = [place for place in content if atoms[place].key == "best" and atoms[place + 1 : place + 2]]
    if any(atoms[place + 1].key == "parameters" for place in best) and any(map(_is_named, atoms)):
        return "sweeps", -1  # `best hyperparameters of A`: what its trials tell
    if _is_of_values(atoms, content, keys):
        return "sweeps", -1
    how = next((p for p in range(first + 1) if atoms[p].text.casefold().startswith(("how", "wie"))), None)
    if how is not None and atoms[how].key == "details":
        return None  # `how long did A train?`
    says_trials = any(each.text.casefold() in ("trial", "trials") for each in atoms)
    if says_trials and "top" in keys and any(map(_is_named, atoms)) and "vs" not in keys:
        return "sweeps", keys["top"]  # `top trials of A`
    trained = next((p for p, each in enumerate(atoms) if each.text.casefold() in _TRAINED), -1)
    if how is not None and trained > how:
        return "curves", trained
    return None


def _is_named(atom: Atom) -> bool:
    return Kind.RUN in atom.kinds and atom.role is None


def _is_of_values(atoms: Sequence[Atom], content: Sequence[int], keys: Mapping[str, int]) -> bool:
    """`which lr worked best?`: values of a parameter are weighed, and no run."""
    lead = atoms[content[0]]
    is_parameter = bool(lead.kinds) and set(lead.kinds) <= {Kind.PARAMETER, Kind.TAG}
    is_parameter |= lead.text.casefold() in (
        "learning rate",
        "batch size",
        "weight decay",
        "parameter",
        "hyperparameter",
    )
    ends = [place for place in content if atoms[place].key == "best"]
    is_metric = any(Kind.METRIC in each.kinds for each in atoms)
    return (
        is_parameter
        and bool(ends)
        and not is_metric
        and not any(_is_named(each) for each in atoms)
        and "vs" not in keys
    )


_REMOVING = one_of("delete remove cancel stop kill end drop erase wipe purge off clear forget abort unset")
_CHANGING = one_of("change edit modify make set update adjust alter switch add put turn restrict limit")
_HUSHING = frozenset({"be quiet", "stay quiet", "keep quiet", "be silent", "stay silent"})
_OF_WATCHES = one_of("watch watches subscription subscriptions notifications alerts")


def _of_watches(atoms: Sequence[Atom], keys: Mapping[str, int], lead: str) -> str | None:
    """`delete the fraud watch`, `change the fraud watch to …`: a verb, and the word watch as what it is done to."""
    first = next((each for each in atoms if each.key == lead and each.role is not Role.FILLER), None)
    verb = first.text.casefold().partition(" ")[0] if first is not None and not first.kinds else ""
    named = [
        place
        for place, each in enumerate(atoms)
        if each.text.casefold().partition(" ")[0] in _OF_WATCHES and each is not first and not each.kinds
    ]
    if named and lead == "show" and atoms[named[0]].key in ("watch", "watches"):
        return "watches_asked"  # `show the watch for fraud`
    if named and verb == "restart":
        return "pause"
    first_word = atoms[0].text.casefold().partition(" ")[0]
    has_hours = any(each.key in ("number", "decimal", "time") or each.text[:1].isdigit() for each in atoms)
    if lead == "quiet" and first is not None and first.text.casefold() in _HUSHING and not has_hours:
        return "pause"  # `be quiet about churn`
    if named and first_word in ("who", "when", "since") and lead in ("who", "details", "since", "set"):
        return "watches_asked"  # `who set up the fraud watch?`
    if named and first_word in ("let", "have") and lead == "" and atoms[named[0]].text.casefold() == "watch":
        return "change_watch"  # `let the fraud watch ignore failures`
    if named and first_word in ("is", "are", "was"):
        return "watches_asked"  # `is the fraud watch paused?`
    if named and first_word == "turn" and lead not in ("watch", "unwatch"):
        return "end_watch" if "off" in keys else "pause"
    if named and any(each.text.casefold() == "should" for each in atoms):
        return "change_watch"  # `the fraud watch should only report failures`
    is_changed = lead == "cannot" and verb in _CHANGING
    if (is_changed or lead in ("quiet", "set", "make")) and "quiet" in keys and "watch" not in keys:
        return "change_watch"  # `quiet hours for fraud 22-7`
    if not named or not lead or lead in ("watch", "unwatch", "watch_when") or "vs" in keys or atoms[named[0]].quoted:
        return None
    if verb in _REMOVING or (first is not None and first.text.casefold() == "get rid of"):
        return "end_watch"
    if verb == "put" and any("hold" in each.text.casefold().split() for each in atoms):
        return "pause"
    return "change_watch" if verb in _CHANGING else None


_FOREVER = ("when", "once", "as soon", "time")  # not `if`, which may ask


def _of_telling(
    atoms: Sequence[Atom], content: Sequence[int], keys: Mapping[str, int], lead: str
) -> tuple[str, int] | None:
    """What is to be told unasked, or no more, in whatever words: `tell maya when fraud fails`."""
    first = content[0]
    if lead == "compare" and "each_new" in keys and "vs" not in keys:
        return "watch", first
    if lead == "mention" and "when" in keys:
        return "watch", first
    known = next((p for p, each in enumerate(atoms) if each.text.casefold() in ("know if", "know when")), 0)
    if known and atoms[0].text.casefold() in ("let", "please let") and not keys.keys() & {"vs", "than"}:
        return "watch_when", known  # `let maya know if fraud fails`
    told = [place for place, each in enumerate(atoms) if each.text.partition(" ")[0].casefold() in TELLING]
    is_own = not keys.keys() & {"watch", "watch_when", "unwatch", "vs", "than"}
    if is_own and "when" in keys and _wants_to_know(atoms, keys["when"]):
        return "watch_when", keys["when"]  # `we want to know as soon as nightly fails`
    if is_own and "when" in keys and any(place < keys["when"] for place in told):
        return "watch_when", keys["when"]  # `tell maya when fraud fails`
    if lead == "when" and told and told[-1] >= len(atoms) - 4 and "vs" not in keys:
        return "watch_when", first  # `if fraud fails, tell us`
    if lead == "only" and is_own and (telling := next((place for place in told if first < place < first + 3), 0)):
        return "watch", telling  # `only tell us about failures in churn`
    if lead == "only" and (told_at := next((keys[key] for key in ("watch_when", "watch") if key in keys), None)):
        return atoms[told_at].key, told_at  # `only notify about improvements in fraud`
    is_watch = "vs" not in keys or atoms[first].text.casefold() in ("watch", "subscribe", "unwatch")
    for key in ("watches", "unwatch", "watch_when", "watch") if is_watch else ():
        is_led = key in keys and (lead == key or key != "watch" or (lead == "with" and content[1:2] == [keys[key]]))
        is_asked = key == "watch_when" and bool(keys.keys() & {"than", "vs"})
        if is_asked and is_led and "vs" not in keys and sum(_names_run(atoms, place) for place in content) < 2:
            is_asked = not any(word in atoms[keys[key]].text.casefold() for word in _FOREVER)
        if is_led and not is_asked:
            return key, keys[key]
    return None


def _wants_to_know(atoms: Sequence[Atom], place: int) -> bool:
    """`I want to know when …`; `whether` and `if` ask, but of what is to come."""
    said = {piece for each in atoms[:place] for piece in each.text.casefold().split()}
    is_to_come = any(each.key in STATUS and each.text.casefold().endswith("s") for each in atoms[place:])
    return bool(said & {"know", "hear"}) and (atoms[place].text.casefold() != "if" or is_to_come)


_WHICH = frozenset({"what", "which", "what's", "whats"})
_DEFAULT_METRIC = frozenset(
    f"{the}{which} metric" for the in ("", "the ", "our ") for which in ("default", "primary", "main", "key")
)


def _of_settings(atoms: Sequence[Atom], keys: Mapping[str, int], lead: str) -> str | None:
    """What is said of a setting without the word set: `val_auc is what counts here`, `treat 0.5 % as noise`."""
    if keys.keys() & {"vs", "against", "compare", "watch", "watch_when"} or any(each.is_run for each in atoms):
        return None
    has_metric = any(each.metric for each in atoms)
    has_amount = any(each.key in ("number", "decimal") for each in atoms)
    words = {each.text.casefold() for each in atoms}
    if has_metric and "primary" in keys:
        return "primary"
    said = [each for each in atoms if not is_silent(each)]
    if len(said) == 2 and set(said[0].kinds) == {Kind.METRIC} and said[1].key in ("lower", "higher"):
        return "goal"  # `f1: higher`
    if has_metric and lead == "metrics" and words & _DEFAULT_METRIC and words & {"is", "=", "should"}:
        return "primary"
    if has_amount and ("noise" in keys or lead == "within"):
        return "noise"
    first = next((each for each in atoms if each.key == lead and each.role is not Role.FILLER), None)
    verb = first.text.casefold() if first is not None and lead == "cannot" else ""
    pieces = {piece for each in atoms if not each.kinds for piece in each.text.casefold().split()}
    if "default" in pieces and not has_metric and lead in ("", "metrics", "experiment") and words & _WHICH:
        return "settings"
    if lead == "make" and has_metric and words & _DEFAULT_METRIC:
        return "primary"
    if "default" in pieces and lead == "make":
        return "primary" if has_metric else "set"
    is_setting = "default" in pieces or (bool(pieces & {"tolerance", "goal"}) and "watch" not in pieces)
    return "unset" if verb in _REMOVING and is_setting else None


def _is_told(atoms: Sequence[Atom]) -> str | None:
    """`our metric is f1`, `the baseline is xgb-v2`: what is told of a setting is set."""
    lead = next((each for each in atoms if each.role is not Role.FILLER), None)
    if (
        lead is None
        or lead.quoted
        or lead.kinds
        or lead.key not in ("metrics", "baseline", "baseline_role", "experiment")
    ):
        return None
    place = atoms.index(lead)
    rest = [each for each in atoms[place + 1 :] if not is_silent(each)]
    between = [each.text.casefold() for each in atoms[place + 1 : place + 3]]
    asks = {each.text.casefold() for each in atoms[:place]} & {"what", "which", "what's", "is", "was", "where"}
    rest = [each for each in rest if each.text not in ("=", ":=")]
    if asks or not {"is", "=", ":=", "should"} & set(between) or len(rest) != 1:
        return None
    if lead.key == "experiment":
        return "set" if Kind.EXPERIMENT in rest[0].kinds and lead.text.casefold() == "experiment" else None
    if lead.key == "metrics" and (Kind.METRIC in rest[0].kinds or rest[0].is_unknown):
        return "set"
    return "make" if lead.key != "metrics" and rest[0].is_run else None


def _is_side_by_side(atoms: Sequence[Atom], keys: Mapping[str, int]) -> bool:
    """`put A next to B`, `put A and B side by side`; without that a run is to be put somewhere."""
    return bool(keys.keys() & {"vs", "against"}) or any(each.text.casefold() == "side by side" for each in atoms)


def _labels(atoms: Sequence[Atom], content: Sequence[int]) -> bool:
    """`tag xgb-v2 with good`: what would write to MLflow; `tags of xgb-v2` asks."""
    first = atoms[content[0]]
    if first.key != "tags" or first.text.casefold() not in ("tag", "label", "labels") or len(content) < 3:
        return False
    is_led = atoms[content[2]].key in ("with", "where") or any(atoms[place].key == "alias" for place in content[2:])
    is_led = is_led or any(each.text.casefold() == "as" for each in atoms)
    return _names_run(atoms, content[1]) and is_led


def _is_definition(atoms: Sequence[Atom], place: int) -> bool:
    """`what is an AUC?`, `what does recall mean?`: the word itself is asked about."""
    rest = [each for each in atoms[place + 1 :] if not is_silent(each)]
    means = bool(rest) and rest[-1].text.casefold() in ("mean", "means", "stand")
    rest = rest[:-1] if means else rest
    is_word = len(rest) == 1 and not rest[0].is_run and (rest[0].is_unknown or Kind.METRIC in rest[0].kinds)
    return is_word and (means or not atoms[place].text.casefold().startswith(("what does", "what do")))


def _by_words(atoms: Sequence[Atom], content: Sequence[int], keys: Mapping[str, int], lead: str) -> tuple[str, int]:
    first = content[0]
    if lead in ("set", "unset", "pin", "unpin", "settings", "goal", "experiments"):
        return lead, first
    if "new_best" in keys and keys["new_best"] and atoms[keys["new_best"] - 1].key == "of" and "vs" not in keys:
        return "watch", keys["new_best"] - 1  # `tell us about new bests in fraud`
    if "experiments" in keys and atoms[keys["experiments"] - 1].key == "in":
        keys = {key: place for key, place in keys.items() if key != "experiments"}
    if "unpin" in keys or "experiments" in keys:
        found = "unpin" if "unpin" in keys else "experiments"
        return found, keys[found]
    if "make" in keys and "alias" in keys and "baseline" not in keys and "baseline_role" not in keys:
        return "set", keys["make"]  # `make A the champion`, which is refused there
    if "make" in keys and ("baseline" in keys or "baseline_role" in keys):
        return "make", keys["make"]
    has_run = any(_names_run(atoms, place) for place in content)
    if lead == "all" and not any(key in keys for key in ("vs", "compare", *STATUS)):
        return "runs", first
    other = any(_names_run(atoms, place) and Kind.EXPERIMENT not in atoms[place].kinds for place in content)
    if not other and keys.keys() & {"better", "worse"} and is_trend(atoms):
        return "compare", -1  # `is fraud getting worse?`
    if "compare" in keys or "vs" in keys or "against" in keys or "than" in keys:
        return "compare", keys.get("compare", -1)
    for key in ("better", "worse", "choose"):
        if key in keys and sum(_names_run(atoms, place) for place in content) > 1:
            return "compare", keys[key]
    for key in ("who", "status"):
        if key in keys:
            return ("failed", keys["failed"]) if "failed" in keys and not has_run else (key, keys[key])
    if "top" in keys:
        return "top", keys["top"]
    counted = atoms[first : first + 3]
    is_slot = any(each.role is Role.SLOT for each in counted)
    if lead in ("best", "worst") and any(each.key == "number" for each in counted) and not is_slot:
        return "top", first
    named = any(_names_run(atoms, place) and atoms[place].key not in ("latest", "all") for place in content)
    if "runs" in keys and not named:
        return "runs", keys["runs"]
    runs = [place for place in content if atoms[place].is_run and Kind.EXPERIMENT not in atoms[place].kinds]
    if "standup" in keys and any(_names_run(atoms, place) for place in runs):
        return "status", keys["standup"]
    if lead == "finished" and any(each.key == "run" for each in atoms):
        return "runs", first
    if "finished" in keys and lead == "latest" and not named:  # `latest finished run`
        return "runs", keys["finished"]
    for key in ("standup", "failed", "running", "finished", "runs"):
        if key in keys and not (named and key in STATUS):
            return _listed(key, lead), keys[key]
    for key in STATUS:
        if key in keys and named and lead not in ("best", "worst"):
            return "status", keys[key]
    return (lead, first) if lead in INTENTS and lead not in (*_UNSAID, "cannot") else ("", -1)


def _asks_what_a_person_did(atoms: Sequence[Atom]) -> bool:
    """Whether a standup of one person is asked for: `what did jonas do yesterday?`."""
    said = [each.text.casefold() for each in atoms]
    is_asked = bool(said) and said[0] in ("what", "what's", "whats", "was") and len(atoms) > 2
    people = sum(set(each.kinds) == {Kind.USER} and not each.possessive for each in atoms)
    is_of_runs = any(each.is_run or each.role is Role.INTENT for each in atoms)
    return is_asked and people == 1 and bool(_DOING & set(said)) and not is_of_runs


def _is_place(atoms: Sequence[Atom], place: int) -> bool:
    """Whether it is the name of an experiment behind `in`."""
    before = place - 1
    while before > 0 and is_silent(atoms[before]):
        before -= 1
    return before >= 0 and atoms[before].key == "in" and Kind.EXPERIMENT in atoms[place].kinds


def _is_left_out(atoms: Sequence[Atom], place: int) -> bool:
    """Whether `except`, `without`, `not` stands before it."""
    while place and is_silent(atoms[place - 1]):
        place -= 1
    return place > 0 and atoms[place - 1].key == "except"


def _names_run(atoms: Sequence[Atom], place: int) -> bool:
    """Whether this names a run by itself; what an introducer takes is another thing, in quotes too."""
    is_named = is_material(atoms[place]) or (atoms[place].is_unknown and atoms[place].is_identifier)
    if not is_named or atoms[place].key in ("all", "top"):
        return False
    if atoms[place].role is Role.INTENT and not stands_as_name(atoms, place, ""):
        return False
    while place and (atoms[place - 1].key in (",", "and") or is_silent(atoms[place - 1])):
        place -= 1 + (atoms[place - 1].key == "," and place > 1)
    before = atoms[place - 1].key if place > 0 else ""
    return before not in ("in", "by", "user", "metrics", "only", "except", "where", "goal")


def _listed(key: str, lead: str) -> str:
    return ("runs" if lead == "show" else "standup") if key == "finished" else key


def stands_as_name(atoms: Sequence[Atom], place: int, intent: str) -> bool:
    """Whether a word of ours can be nothing but the name of a run here, or is one that is known."""
    atom = atoms[place]
    if not atom.key or atom.role is None:
        return False
    before = atoms[place - 1].key if place else ""
    behind = atoms[place + 1].key if place + 1 < len(atoms) else ""
    is_run = Kind.RUN in atom.kinds
    if atom.role is Role.SEPARATOR:  # a run called `v`
        if place == 0 and len(atoms) > 2 and behind == "vs" and atom.key == "vs":
            return True
        before = "" if place and stands_as_name(atoms, place - 1, intent) else before
        is_between = (place == 0 or before in (*_PARTING, "compare")) and behind in (*_PARTING, "")
        return is_run and is_between and len(atoms) > 2
    if is_run and atom.role is Role.SLOT and place == 0 and behind == atom.key:  # `in in tricky`
        return True
    if atom.role is Role.RUN:
        of_person = behind == "of" and any(set(each.kinds) == {Kind.USER} for each in atoms[place + 2 : place + 3])
        if of_person or behind in ("by", "user") or (place and atoms[place - 1].possessive):
            return False  # `latest by maya`, `maya's latest`
        behind_metric = place + 1 < len(atoms) and (Kind.METRIC in atoms[place + 1].kinds or behind == "number")
        return is_run and not behind_metric and intent not in ("set", "make", "unset")
    if is_run and atom.key in ("curves", "sweeps") and (len(atoms) == 1 or _is_asked_before(atoms, place)):
        return True
    if is_run and (_is_shown(atoms, place) or _is_weighed(atoms, place)):
        return True
    parting = (*HARD, "and", "or", "with", ",", "compare", "than", "add") if is_run else ("vs",)
    if not is_run and before == "compare" and behind == "vs" and place == 1 and atom.key not in (*STATUS, "all"):
        return True
    is_slot_behind = is_run and place + 1 < len(atoms) and atoms[place + 1].role is Role.SLOT
    starts = place == 0 or before in parting
    ends = place + 1 == len(atoms) or behind in parting or (is_slot_behind and before in parting)
    is_parted = (place > 0 and before in parting) or (place + 1 < len(atoms) and behind in parting)
    if (
        is_run
        and intent in ("show", "who", "pin", "status", "set", "make")
        and place
        and atoms[place - 1].role is Role.INTENT
    ):
        return True
    is_ours = atom.key in ("running", "all", "everything") and not is_run
    return starts and ends and is_parted and not is_ours


def _is_shown(atoms: Sequence[Atom], place: int) -> bool:
    """Whether it ends a request for one run: `show default`, `curves of again`, `status of new in fraud`."""
    before = place - 1
    while before > 0 and not atoms[before].is_run and (is_silent(atoms[before]) or atoms[before].key == "of"):
        before -= 1
    if before < 0 or atoms[before].is_run or atoms[before].key not in _ASKING:
        return False
    said = atoms[place].text.casefold()
    is_command = (said in _COMMANDS and atoms[before].key in ("show", "who")) or said in ("run", "runs")
    is_last = place + 1 == len(atoms) or atoms[place + 1].key in ("in", "at", "step")
    return is_last and not is_command


def _is_weighed(atoms: Sequence[Atom], place: int) -> bool:
    """Whether it is what a question begins with: `is new better than A?`."""
    leads = place == 1 and atoms[0].text.casefold() in ("is", "was", "did", "does", "has", "are")
    return leads and place + 1 < len(atoms) and atoms[place + 1].key in ("better", "worse", "than")


def _is_asked_before(atoms: Sequence[Atom], place: int) -> bool:
    """Whether the words before say already what is asked for: `show overfit`, `how did overfit train?`."""
    return any(
        (each.role is Role.INTENT and not each.is_run) or each.text.casefold().startswith(("how", "wie"))
        for each in atoms[:place]
    )


def _is_span_of_days(said: str) -> bool:
    """`mon-fri`."""
    first, _dash, last = said.casefold().partition("-")
    return first in DAYS and last in DAYS


def _is_planned(atoms: Sequence[Atom]) -> bool:
    """Whether a standup is asked for again and again: `every morning at 9`, `daily at 9:30`."""
    has_every = any(
        each.key in ("every", "daily")
        or _is_span_of_days(each.text)
        or each.text.casefold() in ("weekly", "weekdays", "weekday", "workdays", "weekends")
        or (each.text.casefold().rstrip("s") + "s" == each.text.casefold() and each.text.casefold() in DAYS)
        for each in atoms
    )
    return has_every and any(each.key in ("number", "time") or read_clock(each.text) is not None for each in atoms)
