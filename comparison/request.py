"""What people ask: one frozen variant a command. Made by the parser, answered by the rest."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Named:
    """A run as a person names it: a full id, an id prefix (4 or more), a name, or `experiment/name`."""

    text: str
    at: int = field(default=0, compare=False)  # offset in what was said, for errors
    otherwise: str = ""  # the other reading, tried when nothing has the first name: `run A` may be a run called A
    end: int = field(default=0, compare=False)  # where it ends in what was said


@dataclass(frozen=True, slots=True)
class Linked:
    """A run taken from a pasted MLflow link."""

    run_id: str
    experiment_id: str = ""
    at: int = field(default=0, compare=False)


RunReference = Named | Linked


@dataclass(frozen=True, slots=True)
class Compare:
    """Compare runs; the first is the baseline."""

    runs: tuple[RunReference, ...]
    experiment: str = ""  # "" : any
    metrics: tuple[str, ...] = ()  # named ones come first; the first is primary
    everything: bool = False  # also what is the same
    best: bool = False  # the best value over the steps, by the metric's goal, in place of the last
    at_step: int | None = None  # the value at this step, in place of the last
    text: str = field(default="", compare=False)  # as said, for errors and for saying it again


@dataclass(frozen=True, slots=True)
class Help:
    topic: str = ""
    unasked: bool = False  # the command was given with no words


Request = Compare | Help
