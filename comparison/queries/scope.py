"""Where and since when: the experiment that was named, else the channel's, else all of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import ExperimentNotFound, NotUnderstood, spot_in
from comparison.language.dates import since
from comparison.language.parser import line
from comparison.request import Failed, Standup
from comparison.resolve.scope import find_experiment, find_experiments
from comparison.runs import Experiment
from comparison.tracking.source import RunSource

_EVERYWHERE = re.compile(r"\b(?:in |across |on )?(?:everywhere|anywhere|(?:all|every) experiments?)\s*$", re.IGNORECASE)
_ANYWHERE = frozenset({"everywhere", "anywhere", "*"})


@dataclass(frozen=True, slots=True)
class Scope:
    """No experiments: all. `of_channel` when nobody named it in the request."""

    experiments: tuple[Experiment, ...] = ()
    of_channel: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(each.experiment_id for each in self.experiments)


def find_scope(  # noqa: PLR0913 -- a place is named in several ways
    name: str,
    source: RunSource,
    defaults: ChannelDefaults,
    *,
    text: str,
    everywhere: bool = False,
    several: Sequence[str] = (),
) -> Scope:
    """The place that was named, or `several`. Raises ExperimentNotFound; of a channel's that is gone it says so."""
    if several:
        return Scope(find_experiments(several, source, text=text))
    if name:
        try:
            return Scope((find_experiment(name, source, text=text),))
        except ExperimentNotFound:
            if name.strip().casefold() in _ANYWHERE:
                return Scope()
            raise
    if everywhere or not defaults.experiment:
        return Scope()
    try:
        return Scope((find_experiment(defaults.experiment, source),), of_channel=True)
    except ExperimentNotFound as error:
        raise replace(
            error,
            problem=f"The channel's experiment {defaults.experiment} is not there any more.",
            remedy="Set another, or name one with in.",
            example="unset experiment",
            text=text,
            at=None,
            end=None,
        ) from error


def further_back(request: Failed | Standup, begin: datetime, now: datetime) -> str:
    """The line that asks the same of a longer time; "" where it is as long as can be asked for."""
    wider = next((days for days in (7, 30, 90, 365) if timedelta(days=days - 1) > now - begin), None)
    if wider is None:
        return ""
    is_everywhere = not request.experiment and bool(_EVERYWHERE.search(request.since))
    place = "*" if is_everywhere else request.experiment
    return line(replace(request, since=f"{wider}d", experiment=place))


def since_moment(words: str, now: datetime, *, text: str, command: str) -> tuple[datetime, bool]:
    """Moment since when, and whether all experiments are meant. Raises NotUnderstood with the spot."""
    time_words = _EVERYWHERE.sub("", words).strip()
    try:
        return since(time_words, now), time_words != words.strip()
    except NotUnderstood as error:
        at, _end = spot_in(text, time_words.removeprefix("since ").strip(), first=True)
        raise replace(error, text=text or words, at=at, example=f"{command} since monday") from error
