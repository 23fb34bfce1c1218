"""How a run is named: by name, link, latest, best, alias, day or filter; one frozen variant each."""

from dataclasses import dataclass, field

# What is asked of many runs


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What is left out: `except xgb-bad`, `without failed`, `not by maya`."""

    kind: str  # run, experiment, user, status, metric or filter
    name: str


@dataclass(frozen=True, slots=True)
class Among:
    """A choice among runs, beside the experiment; empty: all. All that is said must hold."""

    user: str = ""
    status: str = ""  # running, failed or finished
    since: str = ""  # in words: `yesterday`, `monday 9am`
    until: str = ""  # in words; a day is meant to its end
    where: str = ""  # in MLflow's own filter language
    excluded: tuple[Exclusion, ...] = ()
    count: int | None = None  # so many of them at most
    experiments: tuple[str, ...] = ()  # where several are named
    newest: int | None = None  # only among so many of the newest that fit
    others: tuple[str, ...] = ()  # further people: runs of any of them are meant
    longer: str = ""  # a length of time in words, such as `2 hours`: runs that took longer
    shorter: str = ""
    order: str = ""  # longest, shortest or oldest first, in place of the newest

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return self != Among()


# Runs, as people name them


@dataclass(frozen=True, slots=True)
class Named:
    """A full id, an id prefix (4 or more), a name, or `experiment/name`."""

    text: str
    at: int = field(default=0, compare=False)
    otherwise: str = ""  # the other reading, tried when nothing has the first name: `run A` may be a run called A
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Linked:
    """A run taken from a pasted MLflow link."""

    run_id: str
    experiment_id: str = ""
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Latest:
    """`latest`, `latest~2`, `previous`, `latest by maya`: the newest ended run, or so many before it."""

    back: int = 0
    user: str = ""
    at: int = field(default=0, compare=False)
    experiment: str = ""  # its own, where the request has several
    before: "Named | Linked | None" = None  # counted back from this run, in its experiment, where it is named


@dataclass(frozen=True, slots=True)
class Leading:
    """`best`, `best accuracy`, `worst loss`: by the metric's goal; no metric named: the primary one."""

    metric: str = ""
    worst: bool = False
    at: int = field(default=0, compare=False)
    user: str = ""
    experiment: str = ""  # its own, where the request has several


@dataclass(frozen=True, slots=True)
class Pinned:
    """`baseline`: the run pinned for the channel, else for the experiment."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """`champion`, `@champion`, `models:/fraud@champion`, `models:/fraud/3`: the run behind a model version.

    No model named: the only one that has the alias. `version` may be `latest` or a stage; of a logged model,
    `models:/m-1a2b…`, it is "".
    """

    model: str = ""
    alias: str = ""
    version: str = ""
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """`running`: the newest run that still runs."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class OfDay:
    """`yesterday's`, `monday's`: the newest run that ended on that day."""

    day: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Filtered:
    """`where params.lr = '0.1' and metrics.acc > 0.9`: the newest run that fits, in MLflow's own filter language."""

    where: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TopRuns:
    """`top 3 by f1`: several runs, the best first."""

    count: int
    metric: str = ""
    worst: bool = False
    at: int = field(default=0, compare=False)
    among: Among = Among()


@dataclass(frozen=True, slots=True)
class AllRuns:
    """`all runs`, `all runs of maya`, `yesterday's runs`: each is a side of its own."""

    among: Among = Among()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """`mlp-32-*`, `group:mlp-32`, `all seeds of mlp-32`, `tags.configuration = mlp-32`: one side of several runs."""

    pattern: str = ""  # of names, with stars
    where: str = ""  # or in MLflow's own filter language
    name: str = ""  # or the name that its runs share but for the seed
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class SweepRuns:
    """`all in sweep <parent>`: the children of a run."""

    parent: Named | Linked
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class BestOf:
    """`best of mlp-32-*`, `best acc in sweep lr-search`: one run of a group, or of the children of a run."""

    of: Group | SweepRuns
    metric: str = ""
    worst: bool = False
    at: int = field(default=0, compare=False)


OneRun = Named | Linked | Latest | Leading | BestOf | Pinned | Registered | Unfinished | OfDay | Filtered
RunReference = OneRun | TopRuns | AllRuns | Group | SweepRuns
