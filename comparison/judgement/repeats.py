"""Repeats: runs of one configuration that differ by chance only, and which of a group's runs count.

A parameter is of chance when its name says so: a seed, a fold, the number of a trial. Folders and machines do not
make a configuration either. Numbers compare as numbers.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from comparison.judgement.differences import Likelihood, likelihood, value_key
from comparison.runs import LeftOut, Run, Side, Status

_CHANCE = re.compile(
    r"(?:.*[._/\- ])?(?:(?:random|rng|np|numpy|torch|data|model|global|master|split)?[._\- ]?seed|seeds|"
    r"random[._\- ]?state|rng|cv[._\- ]?fold|fold|fold[._\- ]?(?:id|index|idx|no|number)|trial|"
    r"trial[._\- ]?(?:id|index|number)|replicate|replica|repeat|repetition|rep|pythonhashseed)",
    re.IGNORECASE,
)
_SEED_IN_NAME = re.compile(
    r"(?:^|[\s_.:/#-])(?:seed|random[-_ ]?state|fold)[\s_.:=/#-]*(\d+)(?=$|[\s_.:/#-])", re.IGNORECASE
)
_BEHIND_CHANCE = frozenset({Likelihood.CHANCE, Likelihood.SURROUNDINGS, Likelihood.HOUSEKEEPING})
_ENDED = {
    Status.FAILED: "failed",
    Status.KILLED: "killed",
    Status.PRUNED: "pruned",
    Status.RUNNING: "still running",
    Status.SCHEDULED: "not started",
    Status.UNKNOWN: "status unknown",
}

Seed = tuple[tuple[str, Hashable], ...]  # every parameter of chance with its value
Configuration = Hashable


def is_chance(parameter: str) -> bool:
    """Whether a parameter only tells which draw of chance a run is: `seed`, `random_state`, `cv_fold`."""
    return bool(_CHANCE.fullmatch(parameter.strip()))


def seed_of(run: Run) -> Seed:
    """The run's draw of chance: its parameters of that kind, else such tags, else what its name says; () for none."""
    for values in (run.parameters, run.tags):
        found = tuple(sorted((name, value_key(value)) for name, value in values.items() if is_chance(name)))
        if found:
            return found
    named = _SEED_IN_NAME.search(run.name)
    return (("seed", value_key(named[1])),) if named else ()


def configuration_of(run: Run) -> Mapping[str, Hashable]:
    """The run's parameters that make it what it is: without chance, machines and folders."""
    return {name: value_key(value) for name, value in run.parameters.items() if is_of_configuration(name)}


def repeat_key(run: Run) -> Configuration:
    """What repeats share: the experiment, the configuration and the digests of the datasets."""
    digests = frozenset((each.context, each.digest) for each in run.datasets)
    return run.experiment.experiment_id, frozenset(configuration_of(run).items()), digests


def are_repeats(one: Run, other: Run) -> bool:
    """Whether two runs are of one configuration, and of one commit where both say theirs."""
    is_same_code = not one.commit or not other.commit or one.commit == other.commit
    return is_same_code and repeat_key(one) == repeat_key(other)


def differing_parameters(runs: Sequence[Run]) -> list[str]:
    """The parameters besides chance in which the runs of a group differ; one that some did not log is one."""
    configurations = [configuration_of(run) for run in runs]
    names = {name: None for each in configurations for name in each}
    return [name for name in names if len({each.get(name) for each in configurations}) > 1]


def settle_side(side: Side) -> Side:
    """The side with the runs that count: each once, finished where any is, and of reruns of one seed the newest.

    Where all say one and the same seed, it is not what tells them apart, and all count.
    """
    if len(side.runs) < 2:
        return side
    runs = list({run.run_id: run for run in side.runs}.values())
    finished = [run for run in runs if run.status is Status.FINISHED]
    gone = [LeftOut(run, _ENDED[run.status]) for run in runs if run.status is not Status.FINISHED] if finished else []
    newest: dict[Hashable, Run] = {}
    for run in finished or runs:
        key = _draw(run)
        former = newest.get(key)
        if former is None or _age(run) > _age(former):
            newest[key] = run
    kept = {run.run_id for run in (newest.values() if len(newest) > 1 else finished or runs)}
    gone += [LeftOut(run, "a rerun is newer") for run in finished or runs if run.run_id not in kept]
    if not gone and len(runs) == len(side.runs):
        return side
    counted = tuple(run for run in finished or runs if run.run_id in kept)
    return replace(side, runs=counted, left_out=(*side.left_out, *gone))


def shared_seeds(one: Sequence[Run], other: Sequence[Run]) -> list[tuple[Run, Run]]:
    """The runs of both sides that have the same seed, in pairs; none where a seed occurs twice on a side."""
    first, second = _by_seed(one), _by_seed(other)
    return [(first[seed], second[seed]) for seed in first if seed in second]


def have_seeds(runs: Sequence[Run]) -> bool:
    """Whether each run says its seed, and no two the same."""
    return len(_by_seed(runs)) == len(runs) > 0


def _by_seed(runs: Sequence[Run]) -> dict[Seed, Run]:
    seeds = [seed_of(run) for run in runs]
    if not all(seeds) or len(set(seeds)) < len(seeds):
        return {}
    return dict(zip(seeds, runs, strict=True))


def _draw(run: Run) -> Hashable:
    """What a rerun shares with the run before it; a run that says no seed is like no other."""
    seed = seed_of(run)
    name = "" if configuration_of(run) else run.name  # what tells no configuration is called by one, if at all
    return (repeat_key(run), seed, name) if seed else run.run_id


def _age(run: Run) -> tuple[int, str]:
    return run.started_at or 0, run.run_id


def is_of_configuration(name: str) -> bool:
    """Whether a parameter makes a run what it is: no chance, no machine, no folder."""
    return not is_chance(name) and likelihood(name) not in _BEHIND_CHANCE
