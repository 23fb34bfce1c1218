"""Watches: what a channel wants to hear of runs that end, and which of them are news. Decided here, done elsewhere."""

from comparison.watching.announcement import Announcement, Kind, Standing
from comparison.watching.fitting import fits, is_wanted
from comparison.watching.hours import Hours, Quiet, due, resumes
from comparison.watching.planning import BURST, HANDFUL, concerns, plan
from comparison.watching.rules import Rule, holds
from comparison.watching.stepping import OVERLAP, Seen, Step, floor, step
from comparison.watching.watch import Digest, Only, Subscription, Watching

__all__ = [
    "BURST",
    "HANDFUL",
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
    "Subscription",
    "Watching",
    "concerns",
    "due",
    "fits",
    "floor",
    "holds",
    "is_wanted",
    "plan",
    "resumes",
    "step",
]
