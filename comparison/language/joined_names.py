"""Names of several words that nobody knows yet, as one atom: `fine tuned to death vs my base`."""

from collections.abc import Sequence
from dataclasses import replace

from comparison.language.cover import Atom, spelt
from comparison.language.intents import PLURAL
from comparison.language.lexicon import Role
from comparison.language.names import Kind
from comparison.language.sides import OWNING, is_material, is_silent

_NO_NAMES = frozenset({"time", "running", "failed", "curves", "sweeps", "repeats"})


def merged(atoms: list[Atom], text: str) -> list[Atom]:
    """The atoms with names of several words that nobody knows made one, where separators say what they end at.

    `fine tuned to death vs my base`: everything between two `vs` is a name unless a name in it is known.
    """
    keys = [each.key for each in atoms]
    lead = next((place for place, each in enumerate(atoms) if not is_silent(each)), 0)
    is_led = bool(atoms) and atoms[lead].key == "compare" and "curves" not in keys
    is_parted = "vs" in keys or "against" in keys
    parting = ("vs", "against", ",", "and") if is_parted else ("and", "or", "with", ",") if is_led else ()
    is_of_watch = "watch" in keys and keys[lead] in ("cannot", "make", "set", "add", "pause", "swap")
    if (
        is_of_watch
        or not set(parting) & set(keys)
        or (
            keys[lead] in ("watch", "unwatch", "digest", "watch_when")
            and "vs" not in keys[lead + 1 : lead + 2]
            and any(atoms[lead + 1 :])
            and keys[lead] != "digest"
        )
    ):
        return atoms
    found: list[Atom] = []
    segment: list[Atom] = []
    start = lead + 1 if is_led and keys[lead + 1 : lead + 2] != ["vs"] else 0
    found += atoms[:start]
    for place, atom in enumerate([*atoms[start:], None], start):
        if atom is None or atom.key in parting or (segment and _ends_name(atoms, place, parting)):
            is_parted = bool(found) and found[-1].key in parting and (atom is None or atom.key in parting)
            if is_parted and len(segment) == 1 and segment[0].key == "filler" and len(segment[0].text) == 1:
                segment = [replace(segment[0], key="")]  # `old vs a, b`: a run that is called `a`
            found += _named_as_one(segment)
            segment = []
            if atom is not None and atom.key not in parting:  # what follows is of a slot
                return [*found, *_slots_kept(atoms[atoms.index(atom) :], parting, text)]
            found += [atom] if atom is not None else []
        else:
            segment.append(atom)
    return found


def _ends_name(atoms: Sequence[Atom], place: int, parting: Sequence[str]) -> bool:
    """Whether a slot begins here, or a flag behind which no name goes on."""
    atom = atoms[place]
    if atom.quoted or Kind.RUN in atom.kinds or atom.key == "of":
        return False
    behind = next((each for each in atoms[place + 1 :] if each.role not in (Role.FLAG, Role.FILLER)), None)
    goes_on = behind is not None and behind.key not in parting and behind.role is not Role.SLOT
    return atom.role is Role.SLOT or (atom.role is Role.FLAG and not goes_on)


def _slots_kept(atoms: list[Atom], parting: tuple[str, ...], text: str) -> list[Atom]:
    """What stands behind a slot's word, up to the next `vs`."""
    behind = next((place for place, each in enumerate(atoms) if each.key == "vs"), None)
    return (
        atoms if behind is None or "vs" not in parting else [*atoms[: behind + 1], *merged(atoms[behind + 1 :], text)]
    )


def _named_as_one(segment: list[Atom]) -> list[Atom]:
    lead = next((p for p, each in enumerate(segment) if each.key != "filler" and each.role is not Role.INTENT), None)
    if len(segment) < 2 or any(
        is_material(e)
        or e.kinds
        or e.possessive
        or e.key in ("time", "running", "failed", "curves", "sweeps", "repeats")
        for e in segment
    ):
        return segment
    unknown = [each for each in segment if each.is_unknown or each.key == "number"]
    owning = next((p for p, each in enumerate(segment) if each.text.casefold() in OWNING), None)
    lead = owning if owning is not None and unknown and lead is not None and owning < lead else lead
    if not unknown or lead is None:
        is_name = (
            not unknown
            and segment[-1].key == "run"
            and len(segment) == 2
            and segment[0].role in (Role.FILLER, Role.FLAG, Role.INTENT)
        )
        lead = 0 if is_name else None
    while lead is not None and lead < len(segment) - 1 and segment[lead].text.casefold() in PLURAL:
        lead += 1
    if lead is None or lead == len(segment) - 1:
        return segment
    last = len(segment)
    while last > lead + 1 and segment[last - 1].key in ("filler", "choose"):
        last -= 1
    first, end = segment[lead], segment[last - 1]
    bare = end.text if first.key == "run" and last - lead == 2 else ""  # `run A` may be a run called `A`
    name = spelt(segment[lead:last])
    if not bare and lead == 0 and last < len(segment) and any(each.role is Role.SLOT for each in segment[lead:last]):
        bare, end, last = name, segment[-1], len(segment)  # `Gone for good`: what says nothing may be of the name
        name = spelt(segment[lead:last])
    return [*segment[:lead], replace(first, text=name, end=end.end, last=end.last, key="", value=bare), *segment[last:]]
