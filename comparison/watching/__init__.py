"""Watches: what a channel wants to hear of runs that end, and which of them are news. Decided here, done elsewhere."""

from comparison.watching.collapsing import Announcement, Kind, Standing, collapse
from comparison.watching.fitting import fits, is_wanted
from comparison.watching.hours import Hours, Quiet, due, resumes
from comparison.watching.rules import Rule, holds
from comparison.watching.stepping import OVERLAP, Seen, Step, floor, step
from comparison.watching.watch import Digest, Only, Watching

__all__ = [
    "OVERLAP",
    "Announcement",
    "Digest",
    "Hours",
    "Kind",
    "Only",
    "Quiet",
    "Rule",
    "Seen",
    "Standing",
    "Step",
    "Watching",
    "collapse",
    "due",
    "fits",
    "floor",
    "holds",
    "is_wanted",
    "resumes",
    "step",
]
