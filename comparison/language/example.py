"""A line that can be typed as it stands, with real names where they are known."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from comparison.language.names import Kind, Names

_FILLED = {"experiment": Kind.EXPERIMENT, "run": Kind.RUN, "metric": Kind.METRIC, "user": Kind.USER}


@dataclass(frozen=True, slots=True)
class Example:
    """`named` is filled with real names, `{run} vs {other}`; `unnamed` holds where they are not known."""

    named: str
    unnamed: str = ""

    def line(self, names: Names, within: str = "") -> str:
        """The line; its runs are of one experiment where it is known of them, of that one where it is named."""
        found = {word: next(_plain(names.all(kind)), "") for word, kind in _FILLED.items()}
        runs = list(_plain(names.all(Kind.RUN)))
        if within:
            found["experiment"] = within if within in _plain(names.all(Kind.EXPERIMENT)) else found["experiment"]
            runs = [name for name in runs if names.homes.get(name) == within] or runs
        found["run"] = next(iter(runs), "")
        home = names.homes.get(found["run"])
        others = [name for name in runs if name != found["run"]]
        found["other"] = next((name for name in others if names.homes.get(name) == home), next(iter(others), ""))
        if any(f"{{{word}}}" in self.named and not name for word, name in found.items()):
            return self.unnamed or self.named
        return self.named.format(**found)


def _plain(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name.isascii() and " " not in name)


COMPARISON = Example("{run} vs {other}", "latest vs previous")
ONE_RUN = Example("show {run}", "show latest")
HELP = Example("help")
WATCH = Example("watch {experiment}", "watch *")
UNWATCH = Example("unwatch {experiment}", "unwatch all")
