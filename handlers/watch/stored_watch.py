"""What a kept watch means, who set it up, and what is said in its channel when somebody else changes it."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from comparison.errors import ExperimentNotFound, RequestError, TrackingUnavailable
from comparison.language.parser import digest_of, watching_of
from comparison.language.watch_command import watch_words
from comparison.notifications.matching import is_watched
from comparison.notifications.new_runs import CLOCK_SKEW_MS
from comparison.reports.watches import digest_sentence, watch_sentence
from comparison.resolve.scope import find_experiment
from comparison.watch import Digest, Watch, digest_from, is_pattern, watch_from
from handlers.access.rules import JOIN, Members, is_in, require_editor
from handlers.services import Services
from handlers.slack.blocks import Reply, fields_in, marked, to_value
from handlers.slack.client import SlackClient, SlackError
from handlers.slack.escape import clip, mrkdwn, one_line
from handlers.stores import StoredWatch
from handlers.utterance import Utterance

log = logging.getLogger(__name__)

PREFIX = "watch:"
LIST = f"{PREFIX}list"
_WORDS = 300
_LATEST = 253_402_300_799  # the last second that has a date


@dataclass(frozen=True, slots=True)
class WatchState:
    """What a button of a list holds: a watch, and which page of the list shows it."""

    watch: str = ""
    page: int = 0


def watch_value(state: WatchState) -> str:
    """The state as the value of a button."""
    return to_value({"w": state.watch, "p": state.page})


def from_value(value: str) -> WatchState:
    """What a button holds; nothing for what is none of ours."""
    fields = fields_in(value)
    page = fields.get("p")
    return WatchState(str(fields.get("w", "")), page if isinstance(page, int) and 0 <= page < 1_000 else 0)


def watch_of(stored: StoredWatch) -> Watch | None:
    """None for a digest, and for words that are not understood any more."""
    try:
        return None if stored.is_digest else tied(watching_in(stored), stored)
    except RequestError:
        log.warning("the words of watch %s are not understood any more", stored.id)
        return None


def watching_in(stored: StoredWatch) -> Watch:
    """What a kept watch means. Raises RequestError where it is not understood any more."""
    return watch_from(stored.meaning) if stored.meaning else watching_of(stored.words)


def digest_in(stored: StoredWatch) -> Digest:
    """What a kept digest means. Raises RequestError where it is not understood any more."""
    return digest_from(stored.meaning) if stored.meaning else digest_of(stored.words)


def known_digest(digest: Digest, services: Services, *, text: str = "") -> tuple[Digest, tuple[str, ...]]:
    """With the experiments' own names, and what there is to doubt. Raises ExperimentNotFound with near names."""
    try:
        names = tuple(_digest_experiment(each, services, text) for each in digest.experiments)
    except TrackingUnavailable as error:
        doubt = f"MLflow cannot be asked right now ({error.problem.rstrip('.')}), so I could not look these up."
        return digest, (doubt,)
    return replace(digest, experiments=tuple(dict.fromkeys(names))), ()


def _digest_experiment(place: str, services: Services, text: str) -> str:
    """An experiment's own name; a pattern as it is."""
    try:
        return find_experiment(place, services.runs, text=text).name
    except ExperimentNotFound:
        if is_pattern(place):
            return place
        raise


def tied(watching: Watch, stored: StoredWatch) -> Watch:
    """With the experiment that it was set up for, whatever that is called by now."""
    is_same = watching.experiment_id == stored.experiment_id
    return watching if is_same else replace(watching, experiment_id=stored.experiment_id)


def skip_ended_while_paused(stored: StoredWatch, services: Services, experiment: str = "") -> None:
    """What ended while a watch was paused is no news when it goes on; where MLflow cannot be asked it may be.

    `experiment`: the one that a pattern left out meanwhile; without it the whole watch was paused.
    """
    watching = watch_of(stored)
    if watching is None or not (experiment or stored.is_paused):
        return
    floor = int(services.now().timestamp() * 1000) - CLOCK_SKEW_MS
    services = services.for_channel(stored.workspace, stored.channel)
    try:
        known = services.runs.experiments()
        ids = [
            each.experiment_id
            for each in known
            if each.name == experiment or (not experiment and is_watched(watching, each))
        ]
        ended = services.runs.ended_after(floor, experiment_ids=ids).runs if ids else ()
    except RequestError as error:
        log.info("what ended while a watch was paused is not known: %s", error.problem)
        return
    services.watches.prime(stored.id, dict.fromkeys((*stored.past, *(run.run_id for run in ended))))


def words_of(watching: Watch) -> str:
    """The words that are kept of a watch. Raises RequestError where they would not be read as the same."""
    words = watch_words(watching)
    try:
        is_same = replace(watching_of(words), baseline=None) == replace(watching, experiment_id="", baseline=None)
    except RequestError as error:
        raise RequestError(f"I cannot keep that. {error.problem}", remedy=error.remedy) from error
    if not is_same:
        raise RequestError(
            "I cannot keep that: the name of an experiment or metric in it cannot be told from other words.",
            remedy="A pattern can stand for it, with ? for each odd character.",
        )
    return words


def sentence_of(stored: StoredWatch) -> str:
    """A watch or digest in a few words for people; as it was typed where it is not understood any more."""
    try:
        if stored.is_digest:
            return f"Digest {digest_sentence(digest_in(stored))}"
        return watch_sentence(watching_in(stored))
    except RequestError:
        return one_line(stored.words)


def watches_here(utterance: Utterance, services: Services) -> list[StoredWatch]:
    """Watches of the channel, without its digest."""
    return [each for each in services.watches.of_channel(utterance.team, utterance.channel) if not each.is_digest]


def mention_of(user: str) -> str:
    """A mention, as mrkdwn; "" for what is no person's id."""
    return f"<@{user}>" if user.isalnum() and user.isascii() else ""


def date_of(at: float) -> str:
    """A day as the reader's own clock has it, as mrkdwn."""
    return f"<!date^{min(max(int(at), 0), _LATEST)}^{{date_short_pretty}}|earlier>"


def set_up_line(stored: StoredWatch) -> str:
    """By whom and when, as mrkdwn."""
    by = f" by {mention_of(stored.created_by)}" if mention_of(stored.created_by) else ""
    return f"Set up{by} {date_of(stored.created_at)}"


def with_line_below(reply: Reply, line: str) -> Reply:
    """With a small line of mrkdwn, escaped already, below it and in its text."""
    blocks = (*reply.blocks, {"type": "context", "elements": [marked(line)]}) if reply.blocks else ()
    return replace(reply, text=f"{reply.text}\n{line}", blocks=blocks)


def tell_channel(changed: Iterable[StoredWatch], what: str, utterance: Utterance, outlet: SlackClient) -> None:
    """A line for all in the channel when watches of others were changed; `what` was done to them.

    That it cannot be said is no reason not to have done it.
    """
    others = [each for each in changed if each.created_by != utterance.user]
    if not others:
        return
    owners = " and ".join(dict.fromkeys(filter(None, (mention_of(each.created_by) for each in others))))
    which = "a watch" if len(others) == 1 else f"{len(others)} watches"
    sentences = "; ".join(mrkdwn(one_line(sentence_of(each)), _WORDS) for each in others[:5])
    text = f"{mention_of(utterance.user) or 'Somebody'} {what} {which}{f' of {owners}' if owners else ''}: {sentences}"
    try:
        outlet.post(others[0].channel, Reply(clip(text, 2_900)))
    except SlackError as failure:
        log.warning("a channel could not be told that its watches were changed: %s", failure)


def new_id(utterance: Utterance, words: str, services: Services) -> str:
    """The same when the same delivery is worked on again by another process."""
    about = utterance.delivery or services.now().isoformat()
    return sha256(f"{utterance.team}|{utterance.channel}|{about}|{words}".encode("utf-8", "surrogatepass")).hexdigest()[
        :16
    ]


# Who may change what a channel watches: whoever is in it, as far as Slack tells, and who set it up.


_NO = "Only who set a watch up and people in its channel can change it."
_UNTOLD = "I may not see who is in that channel, so I cannot tell whether you are."
_ELSEWHERE = "That button is of a watch of another channel: nothing was changed."
_THERE = "Change it in that channel itself."


def may_change(stored: StoredWatch, utterance: Utterance, outlet: SlackClient, members: Members | None = None) -> bool:
    """Where Slack does not tell who is in a channel, whoever acts in it counts as in it."""
    return _may(stored, utterance, outlet, members) is True


def require_change(
    stored: Iterable[StoredWatch], utterance: Utterance, outlet: SlackClient, services: Services
) -> None:
    """Raises RequestError where somebody may not change one of these watches, with what they can do."""
    stored = list(stored)
    for channel in dict.fromkeys(each.channel for each in stored):
        require_editor(utterance, services, channel)
    allowed = [_may(each, utterance, outlet, services.members) for each in stored]
    if False in allowed:
        raise RequestError(_NO, remedy=JOIN)
    if None in allowed:
        raise RequestError(f"{_NO} {_UNTOLD}", remedy=_THERE)


def require_place(stored: StoredWatch, utterance: Utterance) -> None:
    """Raises RequestError for a button that comes from another channel; the Home tab shows those of many."""
    if utterance.channel not in {stored.channel, utterance.user}:
        raise RequestError(_ELSEWHERE, remedy=_THERE)


def _may(stored: StoredWatch, utterance: Utterance, outlet: SlackClient, members: Members | None) -> bool | None:
    """None: it cannot be told."""
    if utterance.team != stored.workspace:
        return False
    if utterance.user == stored.created_by:
        return True
    known = is_in(stored.channel, utterance.user, outlet, members)
    return True if known is None and utterance.channel == stored.channel else known
