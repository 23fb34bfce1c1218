"""What a kept watch means, who set it up, and what is said in its channel when somebody else changes it."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from comparison.errors import RequestError
from comparison.watch_commands import digest_of, watching_of
from comparison.watching.fitting import is_watched
from comparison.watching.stepping import OVERLAP
from comparison.watching.watch import Watching
from comparison.watching.worded import digest_said, watching_words
from comparison.watching.worded import said as worded
from handlers.blocks import marked
from handlers.escaping import clip, mrkdwn, one_line
from handlers.failures import SlackFailed
from handlers.limits import VALUE
from handlers.outlet import Outlet
from handlers.reply import Reply
from handlers.said import Said
from handlers.services import Services
from handlers.watches import Kept

log = logging.getLogger(__name__)

PREFIX = "watch:"
LIST = f"{PREFIX}list"
_WORDS = 300
_LATEST = 253_402_300_799  # the last second that has a date


@dataclass(frozen=True, slots=True)
class Held:
    """What a button of a list holds: a watch, and which page of the list shows it."""

    watch: str = ""
    page: int = 0


def write(held: Held) -> str:
    return json.dumps({"w": held.watch, "p": held.page}, separators=(",", ":"))[:VALUE]


def read(value: str) -> Held:
    """What a button holds; nothing for what is none of ours."""
    try:
        told = json.loads(value)
    except ValueError:
        return Held()
    if not isinstance(told, dict):
        return Held()
    page = told.get("p")
    return Held(str(told.get("w", "")), page if isinstance(page, int) and 0 <= page < 1_000 else 0)


def meaning(kept: Kept) -> Watching | None:
    """None for a digest, and for words that are not understood any more."""
    try:
        return None if kept.is_digest else tied(watching_of(kept.words), kept)
    except RequestError:
        log.warning("the words of watch %s are not understood any more", kept.id)
        return None


def tied(watching: Watching, kept: Kept) -> Watching:
    """With the experiment that it was set up for, whatever that is called by now."""
    is_same = watching.experiment_id == kept.experiment_id
    return watching if is_same else replace(watching, experiment_id=kept.experiment_id)


def pass_over(kept: Kept, services: Services, experiment: str = "") -> None:
    """What ended while a watch was paused is no news when it goes on; where MLflow cannot be asked it may be.

    `experiment`: the one that a pattern left out meanwhile; without it the whole watch was paused.
    """
    watching = meaning(kept)
    if watching is None or not (experiment or kept.is_paused):
        return
    floor = int(services.now().timestamp() * 1000) - OVERLAP
    try:
        known = services.runs.experiments()
        ids = [
            each.experiment_id
            for each in known
            if each.name == experiment or (not experiment and is_watched(watching, each))
        ]
        ended = services.runs.ended_after(floor, experiment_ids=ids) if ids else []
    except RequestError as error:
        log.info("what ended while a watch was paused is not known: %s", error.problem)
        return
    services.watches.prime(kept.id, dict.fromkeys((*kept.past, *(run.run_id for run in ended))))


def words_of(watching: Watching) -> str:
    """The words that are kept of a watch. Raises RequestError where they would not be read as the same."""
    words = watching_words(watching)
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


def said_of(kept: Kept) -> str:
    """A watch or digest in a few words for people; as it was typed where it is not understood any more."""
    try:
        if kept.is_digest:
            return f"Digest {digest_said(digest_of(kept.words))}"
        return worded(watching_of(kept.words))
    except RequestError:
        return one_line(kept.words)


def watches_here(said: Said, services: Services) -> list[Kept]:
    """Those of the channel, without its digest."""
    return [each for each in services.watches.of_channel(said.team, said.channel) if not each.is_digest]


def person(user: str) -> str:
    """A mention, as mrkdwn; "" for what is no person's id."""
    return f"<@{user}>" if user.isalnum() and user.isascii() else ""


def date(at: float) -> str:
    """A day as the reader's own clock has it, as mrkdwn."""
    return f"<!date^{min(max(int(at), 0), _LATEST)}^{{date_short_pretty}}|earlier>"


def set_up(kept: Kept) -> str:
    """By whom and when, as mrkdwn."""
    by = f" by {person(kept.created_by)}" if person(kept.created_by) else ""
    return f"Set up{by} {date(kept.created_at)}"


def beneath(reply: Reply, line: str) -> Reply:
    """With a small line of mrkdwn, escaped already, below it and in its text."""
    blocks = (*reply.blocks, {"type": "context", "elements": [marked(line)]}) if reply.blocks else ()
    return replace(reply, text=f"{reply.text}\n{line}", blocks=blocks)


def tell_channel(changed: Iterable[Kept], what: str, heard: Said, outlet: Outlet) -> None:
    """A line for all in the channel when watches of others were changed; `what` was done to them.

    That it cannot be said is no reason not to have done it.
    """
    others = [each for each in changed if each.created_by != heard.user]
    if not others:
        return
    owners = " and ".join(dict.fromkeys(filter(None, (person(each.created_by) for each in others))))
    which = "a watch" if len(others) == 1 else f"{len(others)} watches"
    told = "; ".join(mrkdwn(one_line(said_of(each)), _WORDS) for each in others[:5])
    text = f"{person(heard.user) or 'Somebody'} {what} {which}{f' of {owners}' if owners else ''}: {told}"
    try:
        outlet.post(others[0].channel, Reply(clip(text, 2_900)))
    except SlackFailed as failure:
        log.warning("a channel could not be told that its watches were changed: %s", failure)


def new_id(said: Said, words: str, services: Services) -> str:
    """The same when the same delivery is worked on again by another process."""
    about = said.delivery or services.now().isoformat()
    return sha256(f"{said.team}|{said.channel}|{about}|{words}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
