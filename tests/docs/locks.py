"""Requirements and their locks, as tests read them; and what does not agree between them."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Where mlcompare runs: a lock must be complete on each.
PLACES = [
    {
        "python_version": version,
        "python_full_version": f"{version}.9",
        "sys_platform": platform,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform],
        "os_name": "nt" if platform == "win32" else "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": machine,
    }
    for version, platform, machine in (
        *(("3.11", "linux", "x86_64"), ("3.12", "linux", "x86_64"), ("3.13", "linux", "x86_64")),
        *(("3.13", "linux", "aarch64"), ("3.12", "darwin", "arm64"), ("3.11", "win32", "AMD64")),
    )
]


@dataclass(frozen=True)
class Pin:
    """A line of a lock."""

    requirement: Requirement
    hashes: int

    @property
    def name(self):
        return canonicalize_name(self.requirement.name)

    @property
    def version(self):
        return str(self.requirement.specifier).removeprefix("==")

    def holds(self, place):
        return self.requirement.marker is None or self.requirement.marker.evaluate(place)


def wanted(text):
    """The requirements of an .in file itself."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def pinned(text):
    """The pins of a lock."""
    whole = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [Pin(Requirement(line.partition("--hash=")[0]), line.count("--hash=sha256:")) for line in whole.splitlines()]


def declared(text):
    """The dependencies of a pyproject.toml, and what it is built with."""
    said = tomllib.loads(text)
    return [Requirement(each) for each in (*said["project"]["dependencies"], *said["build-system"]["requires"])]


def disagreements(requirements, lock):
    """What is wrong with a lock for these requirements, in any of the places; one sentence each."""
    pins = pinned(lock)
    return sorted(
        {f"{each.name} has no hash" for each in pins if not each.hashes}
        | {problem for place in PLACES for problem in _in_place(requirements, pins, place)}
    )


def _in_place(requirements, pins, place):
    here = {}
    for pin in pins:
        if pin.holds(place):
            if pin.name in here:
                yield f"{pin.name} is pinned twice"
            here[pin.name] = pin
    waiting, seen = [(each, "the .in file") for each in requirements], set()
    while waiting:
        requirement, by = waiting.pop()
        name = canonicalize_name(requirement.name)
        pin = here.get(name)
        if pin is None:
            yield f"{name} is not pinned; {by} wants it"
            continue
        if not requirement.specifier.contains(pin.version, prereleases=True):
            yield f"{name} is pinned to {pin.version}; {by} wants {requirement.specifier}"
        for extra in sorted({"", *requirement.extras}):
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += [(each, name) for each in _needs(pin, extra, place)]
    for name in sorted(set(here) - {name for name, _ in seen}):
        yield f"{name} is pinned, and nothing wants it"


@cache
def _installed(name):
    found = distribution(name)
    return found.version, [Requirement(text) for text in found.requires or []]


def _needs(pin, extra, place):
    """What the pinned release itself requires; nothing when another one is installed here."""
    try:
        version, required = _installed(pin.name)
    except PackageNotFoundError:
        return
    for requirement in required if version == pin.version else ():
        if requirement.marker is None or requirement.marker.evaluate({**place, "extra": extra}):
            yield requirement
