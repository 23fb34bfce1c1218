"""Quick answers: the standup, one run by itself, the top, what runs, what failed. Few questions to MLflow each."""

from comparison.quick.failing import Failures, failed
from comparison.quick.racing import Field, running
from comparison.quick.ranking import Ranked, top
from comparison.quick.showing import Shown, show
from comparison.quick.standup import Digest, standup

__all__ = ["Digest", "Failures", "Field", "Ranked", "Shown", "failed", "running", "show", "standup", "top"]
