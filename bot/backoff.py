"""Growing pauses between tries of what fails."""

from dataclasses import dataclass

_MAX_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses in seconds: `first`, then twice as long each time, at most `most`."""

    first: float
    most: float

    def pause(self, tries: int) -> float:
        """Seconds until the next try, after so many pauses before this one; 0: the first."""
        return float(min(self.first * 2.0 ** min(max(tries, 0), _MAX_DOUBLINGS), self.most))
