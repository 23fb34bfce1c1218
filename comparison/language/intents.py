"""What is asked for: the atoms of a request → its intent, and the atom that says it."""

# ruff: noqa: C901, PLR0911 -- a grammar is a list of cases, each in its place

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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
_AUXILIARY = one_of("did does has have had was were many who when")
_UNSAID = one_of(  # intents that say nothing by themselves
    "make define swap add refresh choose instead replace same watch_when"
)
_COMMANDS = frozenset(STATUS) | one_of(  # which `show` goes with, whatever runs are called
    "settings watches experiments runs standup digest help top all details compare"
)
_ASKING = frozenset({"show", "curves", "who", "status", "pin", "parameters", "tags", "datasets", "details"})
TELLING = one_of("tell let notify alert ping warn inform message remind dm update post report say mention")
_LONG_GREETINGS = frozenset({"good morning", "good afternoon", "good evening", "hey there", "hi there"})
_GREETINGS = one_of("hi hello hey yo hallo hola bonjour olá -h") | _LONG_GREETINGS


def is_small_talk(atoms: Sequence[Atom]) -> bool:
    """Whether only politeness is said: `thanks!`, `nice :tada: looks good`."""
    is_silent_ = all(
        (each.key in ("filler", ",", "and", "dash") or (set(each.kinds) == {Kind.USER} and not each.possessive))
        and not each.quoted
        for each in atoms
    )
    is_said = any(each.spelling in TALK or not any(map(str.isalnum, each.text)) for each in atoms)
    is_emoji = any(each.text.startswith(":") and each.text.endswith(":") for each in atoms)
    greets = any(each.spelling in _GREETINGS for each in atoms)
    return is_silent_ and (is_said or is_emoji) and not greets


def asks(atoms: Sequence[Atom], place: int) -> bool:
    """Whether it is asked for what was done, and not to be done: `did anyone train today?`."""
    return any(set(each.spelling.split()) & _AUXILIARY for each in atoms[:place])


def is_chosen(atoms: Sequence[Atom]) -> bool:
    """Whether it is asked which of several: `which one should we ship?`."""
    words = {word for each in atoms for word in each.spelling.split()}
    return bool(words & {"which", "what"}) and bool(words & {"should", "would", "can", "do", "shall"})


_PARAMETERS = ("learning rate", "batch size", "weight decay", "parameter", "hyperparameter")
_TRAINED = frozenset({"train", "trained", "learn", "learned"})
_TRENDS = frozenset({"getting", "improving", "worse", "regressing", "degrading", "improve", "improved", "regression"})


def is_trend(atoms: Sequence[Atom]) -> bool:
    """Whether it is asked how an experiment goes on: `is nightly getting worse?`, `did fraud improve?`."""
    words = {word for each in atoms for word in each.spelling.split()}
    named = any(Kind.EXPERIMENT in each.kinds for each in atoms)
    return named and bool(words & _TRENDS)


_REMOVING = one_of("delete remove cancel stop kill end drop erase wipe purge off clear forget abort unset")
_CHANGING = one_of("change edit modify make set update adjust alter switch add put turn restrict limit")
_HUSHING = frozenset({"be quiet", "stay quiet", "keep quiet", "be silent", "stay silent"})
_OF_WATCHES = one_of("watch watches subscription subscriptions notifications alerts")
_FOREVER = ("when", "once", "as soon", "time")  # not `if`, which may ask
_WHICH = frozenset({"what", "which", "what's", "whats"})
_DEFAULT_METRIC = frozenset(
    f"{the}{which} metric" for the in ("", "the ", "our ") for which in ("default", "primary", "main", "key")
)


Found = tuple[str, int]  # an intent, and the atom that says it; -1: none says it


@dataclass(frozen=True)
class _Utterance:
    """A request as its intent is looked for."""

    atoms: Sequence[Atom]
    content: Sequence[int]  # the places of what says something
    keys: Mapping[str, int]  # each key that is no name here, no place and not left out: the first atom that has it
    lead: str  # the key that it begins with; "" where that is a name

    @cached_property
    def first(self) -> int:
        return self.content[0]

    @cached_property
    def begins(self) -> str:
        """The spelling of the first atom that says something."""
        return self.atoms[self.first].spelling

    @cached_property
    def words(self) -> frozenset[str]:
        """The spelling of each atom."""
        return frozenset(each.spelling for each in self.atoms)

    def has(self, *keys: str) -> bool:
        return not self.keys.keys().isdisjoint(keys)

    def at(self, key: str) -> Found:
        """This intent, where its own word says it."""
        return key, self.keys.get(key, -1)

    def runs(self, *besides: str) -> int:
        """How often a run is named; words of these keys name none."""
        return sum(_names_run(self.atoms, place) and self.atoms[place].key not in besides for place in self.content)


def find_intent(atoms: Sequence[Atom]) -> Found:
    """The intent, and the atom that says it (-1: none says it)."""
    content = [place for place, each in enumerate(atoms) if not is_silent(each) and each.key not in ("and", ",")]
    if not content:
        if any(each.key == "experiment" and each.spelling == "experiments" for each in atoms):
            return "experiments", -1
        greets = any(each.spelling in _GREETINGS for each in atoms)
        return ("help", -1) if greets else ("", -1)
    keys = {atoms[place].key: place for place in reversed(content) if _may_say_intent(atoms, place)}
    first = atoms[content[0]].key
    utterance = _Utterance(atoms, content, keys, first if keys.get(first) == content[0] else "")
    return next(found for rule in _RULES if (found := rule(utterance)) is not None)


def _may_say_intent(atoms: Sequence[Atom], place: int) -> bool:
    is_of_two = atoms[place].spelling == "over" and place + 1 < len(atoms) and _names_run(atoms, place + 1)
    return not (stands_as_name(atoms, place, "") or _is_left_out(atoms, place) or _is_place(atoms, place) or is_of_two)


# Rules, each with what it is for


def _what_a_person_did(utterance: _Utterance) -> Found | None:
    return ("standup", -1) if _asks_what_a_person_did(utterance.atoms) else None


def _what_changed_since(utterance: _Utterance) -> Found | None:
    """`what changed since yesterday?`."""
    is_asked = utterance.has("why") and utterance.has("since", "during") and not utterance.runs()
    return ("standup", utterance.keys["why"]) if is_asked else None


def _help(utterance: _Utterance) -> Found | None:
    if not utterance.has("help"):
        return None
    is_sign = utterance.atoms[utterance.keys["help"]].text in ("?", "--help")
    return utterance.at("help") if utterance.lead == "help" or is_sign else None


def _definition(utterance: _Utterance) -> Found | None:
    is_asked = utterance.has("define") and _is_definition(utterance.atoms, utterance.keys["define"])
    return utterance.at("define") if is_asked else None


def _next_digest(utterance: _Utterance) -> Found | None:
    """`when is the next digest?`."""
    begun = " ".join(each.spelling for each in utterance.atoms[:3])
    is_asked = begun.startswith(("when is", "when does", "what time"))
    return ("watches_asked", utterance.first) if is_asked and any(e.key == "digest" for e in utterance.atoms) else None


def _access(utterance: _Utterance) -> Found | None:
    """`who may see what?`; `hide churn from this channel`."""
    if utterance.lead.startswith("access_"):
        return utterance.lead, utterance.first
    is_hidden = utterance.lead == "except" and utterance.begins == "hide"
    return ("access_who", utterance.first) if is_hidden and "channel" in utterance.atoms[-1].spelling else None


def _settings_untold(utterance: _Utterance) -> Found | None:
    """What is said of a setting without the word set: `val_auc is what counts here`, `treat 0.5 % as noise`."""
    atoms, lead, words = utterance.atoms, utterance.lead, utterance.words
    if utterance.has("vs", "against", "compare", "watch", "watch_when") or any(each.is_run for each in atoms):
        return None
    has_metric = any(each.metric for each in atoms)
    spoken_atoms = [each for each in atoms if not is_silent(each)]
    pieces = {piece for each in atoms if not each.kinds for piece in each.spelling.split()}
    calls_metric_default = bool(words & _DEFAULT_METRIC)
    verb = next((each for each in atoms if each.key == lead == "cannot"), None)
    is_setting = "default" in pieces or (bool(pieces & {"tolerance", "goal"}) and "watch" not in pieces)
    if has_metric and utterance.has("primary"):
        return utterance.at("primary")
    if (
        len(spoken_atoms) == 2
        and set(spoken_atoms[0].kinds) == {Kind.METRIC}
        and spoken_atoms[1].key in ("lower", "higher")
    ):
        return utterance.at("goal")  # `f1: higher`
    if has_metric and lead == "metrics" and calls_metric_default and words & {"is", "=", "should"}:
        return utterance.at("primary")
    if any(each.key in ("number", "decimal") for each in atoms) and (utterance.has("noise") or lead == "within"):
        return utterance.at("noise")
    if "default" in pieces and not has_metric and lead in ("", "metrics", "experiment") and words & _WHICH:
        return utterance.at("settings")
    if lead == "make" and has_metric and calls_metric_default:
        return utterance.at("primary")
    if lead == "make" and "default" in pieces:
        return utterance.at("primary" if has_metric else "set")
    return utterance.at("unset") if verb is not None and verb.spelling in _REMOVING and is_setting else None


def _pause(utterance: _Utterance) -> Found | None:
    """`mute fraud`."""
    return ("pause", utterance.first) if utterance.lead == "pause" and not utterance.has("vs") else None


def _endings(utterance: _Utterance) -> Found | None:
    """Runs by how they ended, where that is denied or both ends are asked for: `who didn't finish?`."""
    atoms, lead, keys = utterance.atoms, utterance.lead, utterance.keys
    others = ("vs", "against", "than", "compare", "top", "watch", "watch_when", "unwatch", "digest")
    if utterance.runs("latest") or utterance.has(*others):
        return None
    denied = [place for place in utterance.content if atoms[place].key in STATUS and _is_left_out(atoms, place)]
    is_first = bool(denied) and denied[0] <= utterance.first + 2
    if is_first and not utterance.has(*STATUS) and lead in ("who", "except", "finished"):
        return "runs", keys.get("who", -1)
    if {"finished", "failed"} <= keys.keys() and lead in ("finished", "failed", "show"):
        return "standup", -1
    nouns = [each.spelling for each in atoms if each.role is Role.NOUN]
    if nouns == ["experiments"] and atoms[utterance.first].key in ("by", "of", "user"):
        return "experiments", -1  # `experiments by maya`
    if {"only", "finished"} <= keys.keys() <= {"only", "finished", "in", "of", ""}:
        return "runs", -1  # `fraud, only finished`
    return ("standup", -1) if len(utterance.content) == 1 and lead == "daily" else None


def _digest(utterance: _Utterance) -> Found | None:
    """`digest …`, `standup every morning at 9`, `skip the digest on fridays`."""
    keys = utterance.keys
    is_beside = utterance.has("digest") and abs(keys.get("standup", -9) - keys["digest"]) < 2  # `standup digest at 9`
    is_planned = utterance.has("standup") and _is_planned(utterance.atoms)
    is_skipped = utterance.begins == "skip" and any(each.key == "digest" for each in utterance.atoms)
    is_alone = utterance.has("digest") and not utterance.has("standup", "vs")
    if not (utterance.lead == "digest" or is_planned or is_beside or is_skipped or is_alone):
        return None
    return "digest", keys.get("digest", keys.get("standup", utterance.first))


def _trends(utterance: _Utterance) -> Found | None:
    """Curves or a sweep, where they are asked for; `how did A train?` asks for curves."""
    atoms, content, keys, lead = utterance.atoms, utterance.content, utterance.keys, utterance.lead
    if lead in ("watch", "unwatch", "watch_when", "set", "unset", "pin"):
        return None
    for key in ("curves", "sweeps"):
        if key in keys:
            return utterance.at(key)
    steps = atoms[keys["best_values"]].spelling.split() if "best_values" in keys else []
    is_of_step = steps[:1] == ["best"] and steps[-1] in ("step", "epoch") and "vs" not in keys
    if is_of_step and utterance.runs() == 1:  # `best step of A`
        return "curves", keys["best_values"]
    is_behind = "sweep" in keys and all(map(is_silent, atoms[keys["sweep"] + 1 :]))
    if is_behind and any(map(is_material, atoms[: keys["sweep"]])):  # `A sweep results`
        return "sweeps", keys["sweep"]
    if lead == "sweep" and not utterance.has("vs", "against", "than", "compare"):
        return "sweeps", -1
    names_run = any(map(_is_named, atoms))
    is_best_of = any(
        atoms[p].key == "best" and p + 1 < len(atoms) and atoms[p + 1].key == "parameters" for p in content
    )
    if (is_best_of and names_run) or (_is_of_values(utterance) and not names_run):
        return "sweeps", -1  # `best hyperparameters of A`: what its trials tell
    how = next((p for p in range(content[0] + 1) if atoms[p].spelling.startswith(("how", "wie"))), None)
    if how is not None and atoms[how].key == "details":
        return None  # `how long did A train?`
    if not utterance.words.isdisjoint(("trial", "trials")) and "top" in keys and names_run and "vs" not in keys:
        return "sweeps", keys["top"]  # `top trials of A`
    trained = next((place for place, each in enumerate(atoms) if each.spelling in _TRAINED), -1)
    return ("curves", trained) if how is not None and trained > how else None


def _standing_watch(utterance: _Utterance) -> Found | None:
    intent = _of_standing_watch(utterance)
    return (intent, utterance.first) if intent else None


def _of_standing_watch(utterance: _Utterance) -> str:
    """`delete the fraud watch`, `change the fraud watch to …`: a verb, and the word watch as what it is done to."""
    atoms, lead = utterance.atoms, utterance.lead
    first = next((each for each in atoms if each.key == lead and each.role is not Role.FILLER), None)
    spelling = first.spelling if first is not None else ""
    verb = spelling.partition(" ")[0] if first is not None and not first.kinds else ""
    begins = atoms[0].spelling.partition(" ")[0]
    named = next((each for each in atoms if _is_word_watch(each) and each is not first), None)
    if named and lead == "show" and named.key in ("watch", "watches"):
        return "watches_asked"  # `show the watch for fraud`
    if named and verb == "restart":
        return "pause"
    has_hours = any(each.key in ("number", "decimal", "time") or each.text[:1].isdigit() for each in atoms)
    if lead == "quiet" and spelling in _HUSHING and not has_hours:
        return "pause"  # `be quiet about churn`
    if named and begins in ("who", "when", "since") and lead in ("who", "details", "since", "set"):
        return "watches_asked"  # `who set up the fraud watch?`
    if named and begins in ("let", "have") and lead == "" and named.spelling == "watch":
        return "change_watch"  # `let the fraud watch ignore failures`
    if named and begins in ("is", "are", "was"):
        return "watches_asked"  # `is the fraud watch paused?`
    if named and begins == "turn" and lead not in ("watch", "unwatch"):
        return "end_watch" if utterance.has("off") else "pause"
    if named and "should" in utterance.words:
        return "change_watch"  # `the fraud watch should only report failures`
    is_changed = (lead == "cannot" and verb in _CHANGING) or lead in ("quiet", "set", "make")
    if is_changed and utterance.has("quiet") and not utterance.has("watch"):
        return "change_watch"  # `quiet hours for fraud 22-7`
    if not named or named.quoted or lead in ("", "watch", "unwatch", "watch_when") or utterance.has("vs"):
        return ""
    if verb in _REMOVING or spelling == "get rid of":
        return "end_watch"
    if verb == "put" and any("hold" in each.spelling.split() for each in atoms):
        return "pause"
    return "change_watch" if verb in _CHANGING else ""


def _is_word_watch(atom: Atom) -> bool:
    return atom.spelling.partition(" ")[0] in _OF_WATCHES and not atom.kinds


def _second_best(utterance: _Utterance) -> Found | None:
    others = ("vs", "against", "than", "compare", "with", "and", "watch", "watch_when")
    return ("top", utterance.keys["second"]) if utterance.has("second") and not utterance.has(*others) else None


def _by_length(utterance: _Utterance) -> Found | None:
    """Runs by how long they took: `which run took the longest?`, `runs longer than 2h`."""
    others = ("vs", "against", "than", "compare", "watch", "watch_when", "unwatch", "digest", "top", "help", "curves")
    is_asked = utterance.has(*ORDERS, "lasting") and not utterance.has(*others)
    is_asked = is_asked and not any(each.metric for each in utterance.atoms)
    return ("runs", -1) if is_asked and not utterance.runs(*ORDERS, "latest") else None


def _to_be_told(utterance: _Utterance) -> Found | None:
    """What is to be told unasked, or no more, in whatever words: `tell maya when fraud fails`."""
    atoms, keys, lead, first = utterance.atoms, utterance.keys, utterance.lead, utterance.first
    if (lead == "compare" and utterance.has("each_new") and not utterance.has("vs")) or (
        lead == "mention" and utterance.has("when")
    ):
        return "watch", first
    known = next((p for p, each in enumerate(atoms) if each.spelling in ("know if", "know when")), 0)
    if known and atoms[0].spelling in ("let", "please let") and not utterance.has("vs", "than"):
        return "watch_when", known  # `let maya know if fraud fails`
    telling_places = [place for place, each in enumerate(atoms) if each.text.partition(" ")[0].casefold() in TELLING]
    is_own = not utterance.has("watch", "watch_when", "unwatch", "vs", "than")
    if (
        is_own
        and "when" in keys
        and (_wants_to_know(atoms, keys["when"]) or any(p < keys["when"] for p in telling_places))
    ):
        return "watch_when", keys["when"]  # `we want to know as soon as nightly fails`, `tell maya when fraud fails`
    if lead == "when" and telling_places and telling_places[-1] >= len(atoms) - 4 and "vs" not in keys:
        return "watch_when", first  # `if fraud fails, tell us`
    if (
        lead == "only"
        and is_own
        and (telling := next((place for place in telling_places if first < place < first + 3), 0))
    ):
        return "watch", telling  # `only tell us about failures in churn`
    if lead == "only" and (key := next((key for key in ("watch_when", "watch") if key in keys), "")):
        return atoms[keys[key]].key, keys[key]  # `only notify about improvements in fraud`
    is_watch = "vs" not in keys or utterance.begins in ("watch", "subscribe", "unwatch")
    for key in ("watches", "unwatch", "watch_when", "watch") if is_watch else ():
        is_led = key in keys and (
            lead == key or key != "watch" or (lead == "with" and utterance.content[1:2] == [keys[key]])
        )
        is_asked = key == "watch_when" and utterance.has("than", "vs")
        if is_asked and is_led and "vs" not in keys and utterance.runs() < 2:
            is_asked = not any(word in atoms[keys[key]].spelling for word in _FOREVER)
        if is_led and not is_asked:
            return utterance.at(key)
    return None


def _baseline_replaced(utterance: _Utterance) -> Found | None:
    is_changed = utterance.lead == "replace" or (utterance.lead == "cannot" and utterance.begins == "change")
    return ("make", utterance.first) if is_changed and utterance.has("baseline", "baseline_role") else None


def _refused(utterance: _Utterance) -> Found | None:
    """What is not done here; some of it only sounds so: `put A next to B`, `did maya start runs?`."""
    atoms, first, lead = utterance.atoms, utterance.first, utterance.lead
    if lead == "cannot" and utterance.begins == "put" and _is_side_by_side(utterance):
        return "compare", first
    if _labels(atoms, utterance.content):
        return "cannot", first
    if lead == "cannot" and is_chosen(atoms) and utterance.runs() > 1:
        return "compare", -1
    is_past = lead == "cannot" and asks(atoms, first) and utterance.begins in DONE
    return (lead, first) if lead in ("pause", "dont", "cannot") and not is_past else None


def _setting_told(utterance: _Utterance) -> Found | None:
    """`our metric is f1`, `default metric f1`."""
    if (intent := _is_told(utterance.atoms)) is not None:
        return intent, -1
    begins = utterance.atoms[0]
    is_default = begins.spelling.startswith(("default", "primary", "the default")) and not begins.is_run
    return ("set", -1) if is_default else None


def _show(utterance: _Utterance) -> Found | None:
    """`show …`: what is listed, or one run."""
    if utterance.lead != "show":
        return None
    atoms, first, behind = utterance.atoms, utterance.first, utterance.content[1:]
    keys = [atoms[place].key for place in behind]
    has_run = any(_names_run(atoms, place) for place in behind)
    for key in ("settings", "watches", "standup", "experiments", "top", *STATUS, "compare"):
        if key in keys and not (has_run and key in STATUS):
            return _listed(key, "show"), utterance.keys.get(key, first)
    if "latest" in keys and "finished" in keys and not any(atoms[place].is_run for place in behind):
        return "runs", first  # `show the last finished run`
    if "latest" in keys and not any(atoms[place].is_run or atoms[place].possessive for place in utterance.content):
        has_run = False
    noun = next((each.spelling for each in atoms[first:] if each.key == "run"), "")
    if noun in PLURAL and not has_run:
        return "runs", first
    nouns = [each.spelling for each in atoms[first:] if each.key == "experiment"]
    is_of_experiments = not has_run and any(each.endswith("s") for each in nouns)
    return ("experiments" if is_of_experiments else "show"), first


def _led(utterance: _Utterance) -> Found | None:
    led = ("set", "unset", "pin", "unpin", "settings", "goal", "experiments")
    return (utterance.lead, utterance.first) if utterance.lead in led else None


def _new_bests(utterance: _Utterance) -> Found | None:
    """`tell us about new bests in fraud`."""
    place = utterance.keys.get("new_best", 0) - 1
    is_told = place >= 0 and utterance.atoms[place].key == "of" and not utterance.has("vs")
    return ("watch", place) if is_told else None


def _unpin_or_experiments(utterance: _Utterance) -> Found | None:
    if utterance.has("unpin"):
        return utterance.at("unpin")
    is_place = utterance.has("experiments") and utterance.atoms[utterance.keys["experiments"] - 1].key == "in"
    return utterance.at("experiments") if utterance.has("experiments") and not is_place else None


def _make(utterance: _Utterance) -> Found | None:
    """`make A the baseline`; `make A the champion`, which is refused where it is set."""
    is_baseline = utterance.has("baseline", "baseline_role")
    if not utterance.has("make") or not (is_baseline or utterance.has("alias")):
        return None
    return ("make" if is_baseline else "set"), utterance.keys["make"]


def _all_runs(utterance: _Utterance) -> Found | None:
    is_list = utterance.lead == "all" and not utterance.has("vs", "compare", *STATUS)
    return ("runs", utterance.first) if is_list else None


def _compared(utterance: _Utterance) -> Found | None:
    """`A vs B`, `is A better than B?`; `is fraud getting worse?`."""
    atoms, content = utterance.atoms, utterance.content
    others = (place for place in content if Kind.EXPERIMENT not in atoms[place].kinds)
    if utterance.has("better", "worse") and is_trend(atoms) and not any(_names_run(atoms, place) for place in others):
        return "compare", -1
    if utterance.has("compare", "vs", "against", "than"):
        return utterance.at("compare")
    question = next((key for key in ("better", "worse", "choose") if key in utterance.keys), "")
    return ("compare", utterance.keys[question]) if question and utterance.runs() > 1 else None


def _who_or_status(utterance: _Utterance) -> Found | None:
    question = next((key for key in ("who", "status") if key in utterance.keys), "")
    if not question:
        return None
    return utterance.at("failed" if utterance.has("failed") and not utterance.runs() else question)


def _top(utterance: _Utterance) -> Found | None:
    """`top 5`, `best 3 runs`."""
    if utterance.has("top"):
        return utterance.at("top")
    counted = utterance.atoms[utterance.first : utterance.first + 3]
    is_slot = any(each.role is Role.SLOT for each in counted)
    is_top = utterance.lead in ("best", "worst") and any(each.key == "number" for each in counted) and not is_slot
    return ("top", utterance.first) if is_top else None


def _lists(utterance: _Utterance) -> Found | None:
    """Lists of runs by how they ended, and standups; of one run how it ended."""
    atoms, keys, lead = utterance.atoms, utterance.keys, utterance.lead
    named = bool(utterance.runs("latest", "all"))
    if "runs" in keys and not named:
        return utterance.at("runs")
    runs = [place for place in utterance.content if atoms[place].is_run and Kind.EXPERIMENT not in atoms[place].kinds]
    if "standup" in keys and any(_names_run(atoms, place) for place in runs):
        return "status", keys["standup"]
    if lead == "finished" and any(each.key == "run" for each in atoms):
        return "runs", utterance.first
    if "finished" in keys and lead == "latest" and not named:  # `latest finished run`
        return "runs", keys["finished"]
    for key in ("standup", "failed", "running", "finished", "runs"):
        if key in keys and not (named and key in STATUS):
            return _listed(key, lead), keys[key]
    ended = next((key for key in STATUS if key in keys), "") if named and lead not in ("best", "worst") else ""
    return ("status", keys[ended]) if ended else None


def _as_begun(utterance: _Utterance) -> Found:
    is_intent = utterance.lead in INTENTS and utterance.lead not in (*_UNSAID, "cannot")
    return (utterance.lead, utterance.first) if is_intent else ("", -1)


_RULES: tuple[Callable[[_Utterance], Found | None], ...] = (  # the first that finds something decides
    _what_a_person_did,
    _what_changed_since,
    _help,
    _definition,
    _next_digest,
    _access,
    _settings_untold,
    _pause,
    _endings,
    _digest,
    _trends,
    _standing_watch,
    _second_best,
    _by_length,
    _to_be_told,
    _baseline_replaced,
    _refused,
    _setting_told,
    _show,
    _led,
    _new_bests,
    _unpin_or_experiments,
    _make,
    _all_runs,
    _compared,
    _who_or_status,
    _top,
    _lists,
    _as_begun,
)


# What the rules ask


def _wants_to_know(atoms: Sequence[Atom], place: int) -> bool:
    """`I want to know when …`; `whether` and `if` ask, but of what is to come."""
    pieces = {piece for each in atoms[:place] for piece in each.spelling.split()}
    is_to_come = any(each.key in STATUS and each.spelling.endswith("s") for each in atoms[place:])
    return bool(pieces & {"know", "hear"}) and (atoms[place].spelling != "if" or is_to_come)


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
    between = [each.spelling for each in atoms[place + 1 : place + 3]]
    asks = {each.spelling for each in atoms[:place]} & {"what", "which", "what's", "is", "was", "where"}
    rest = [each for each in rest if each.text not in ("=", ":=")]
    if asks or not {"is", "=", ":=", "should"} & set(between) or len(rest) != 1:
        return None
    if lead.key == "experiment":
        return "set" if Kind.EXPERIMENT in rest[0].kinds and lead.spelling == "experiment" else None
    if lead.key == "metrics" and (Kind.METRIC in rest[0].kinds or rest[0].is_unknown):
        return "set"
    return "make" if lead.key != "metrics" and rest[0].is_run else None


def _labels(atoms: Sequence[Atom], content: Sequence[int]) -> bool:
    """`tag xgb-v2 with good`: what would write to MLflow; `tags of xgb-v2` asks."""
    first = atoms[content[0]]
    if first.key != "tags" or first.spelling not in ("tag", "label", "labels") or len(content) < 3:
        return False
    is_led = atoms[content[2]].key in ("with", "where") or any(atoms[place].key == "alias" for place in content[2:])
    is_led = is_led or any(each.spelling == "as" for each in atoms)
    return _names_run(atoms, content[1]) and is_led


def _is_definition(atoms: Sequence[Atom], place: int) -> bool:
    """`what is an AUC?`, `what does recall mean?`: the word itself is asked about."""
    rest = [each for each in atoms[place + 1 :] if not is_silent(each)]
    means = bool(rest) and rest[-1].spelling in ("mean", "means", "stand")
    rest = rest[:-1] if means else rest
    is_word = len(rest) == 1 and not rest[0].is_run and (rest[0].is_unknown or Kind.METRIC in rest[0].kinds)
    return is_word and (means or not atoms[place].spelling.startswith(("what does", "what do")))


def _asks_what_a_person_did(atoms: Sequence[Atom]) -> bool:
    """Whether a standup of one person is asked for: `what did jonas do yesterday?`."""
    spellings = [each.spelling for each in atoms]
    is_asked = bool(spellings) and spellings[0] in ("what", "what's", "whats", "was") and len(atoms) > 2
    people = sum(set(each.kinds) == {Kind.USER} and not each.possessive for each in atoms)
    is_of_runs = any(each.is_run or each.role is Role.INTENT for each in atoms)
    return is_asked and people == 1 and bool(_DOING & set(spellings)) and not is_of_runs


def _is_named(atom: Atom) -> bool:
    return Kind.RUN in atom.kinds and atom.role is None


def _is_of_values(utterance: _Utterance) -> bool:
    """`which lr worked best?`: values of a parameter are weighed, and no run."""
    lead = utterance.atoms[utterance.first]
    is_parameter = bool(lead.kinds) and set(lead.kinds) <= {Kind.PARAMETER, Kind.TAG}
    is_parameter |= lead.spelling in _PARAMETERS
    ends = any(utterance.atoms[place].key == "best" for place in utterance.content)
    is_metric = any(Kind.METRIC in each.kinds for each in utterance.atoms)
    return is_parameter and ends and not is_metric and not utterance.has("vs")


def _is_side_by_side(utterance: _Utterance) -> bool:
    """`put A next to B`, `put A and B side by side`; without that a run is to be put somewhere."""
    return utterance.has("vs", "against") or "side by side" in utterance.words


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
    spelling = atoms[place].spelling
    is_command = (spelling in _COMMANDS and atoms[before].key in ("show", "who")) or spelling in ("run", "runs")
    is_last = place + 1 == len(atoms) or atoms[place + 1].key in ("in", "at", "step")
    return is_last and not is_command


def _is_weighed(atoms: Sequence[Atom], place: int) -> bool:
    """Whether it is what a question begins with: `is new better than A?`."""
    leads = place == 1 and atoms[0].spelling in ("is", "was", "did", "does", "has", "are")
    return leads and place + 1 < len(atoms) and atoms[place + 1].key in ("better", "worse", "than")


def _is_asked_before(atoms: Sequence[Atom], place: int) -> bool:
    """Whether the words before say already what is asked for: `show overfit`, `how did overfit train?`."""
    return any(
        (each.role is Role.INTENT and not each.is_run) or each.spelling.startswith(("how", "wie"))
        for each in atoms[:place]
    )


def _is_span_of_days(span: str) -> bool:
    """`mon-fri`."""
    first, _dash, last = span.casefold().partition("-")
    return first in DAYS and last in DAYS


def _is_planned(atoms: Sequence[Atom]) -> bool:
    """Whether a standup is asked for again and again: `every morning at 9`, `daily at 9:30`."""
    has_every = any(
        each.key in ("every", "daily")
        or _is_span_of_days(each.text)
        or each.spelling in ("weekly", "weekdays", "weekday", "workdays", "weekends")
        or (each.spelling.rstrip("s") + "s" == each.spelling and each.spelling in DAYS)
        for each in atoms
    )
    return has_every and any(each.key in ("number", "time") or read_clock(each.text) is not None for each in atoms)
