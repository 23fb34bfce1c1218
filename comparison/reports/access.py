"""Who may see and change what, in words: what a rule says, what it was before, how it is changed."""

from collections.abc import Sequence

from comparison.language.settings_command import access_words
from comparison.report import Line, Report, Step
from comparison.reports.text import count_noun, display_name, join_names
from comparison.request import DIRECT, ELSEWHERE, AccessRequest, RestrictChanges

_NAMED = 20  # patterns named in one sentence
_ALL = ("*",)


def place_of(scope: str, *, is_direct: bool = False) -> str:
    """Where a rule holds, as the beginning of a sentence."""
    if scope == ELSEWHERE:
        return "Every channel without a rule of its own"
    return "Whoever writes to me directly" if scope == DIRECT or is_direct else "This channel"


def visible_words(patterns: Sequence[str] | None) -> str:
    """What may be seen, as the end of a sentence; None is everything."""
    if patterns is None or "*" in patterns:
        return "may see every experiment"
    return (
        f"may see {join_names([display_name(each) for each in patterns], _NAMED)}"
        if patterns
        else "may see no experiment"
    )


def rule_lines(patterns: Sequence[str] | None, *, for_admins: bool) -> tuple[Line, ...]:
    """The rules that hold in a channel, for the list of its settings; none where all is as without rules."""
    seen = [] if patterns is None else [Line(visible_words(patterns).removeprefix("may see "), "May be seen")]
    return (*seen, *([Line("by admins only", "Changes")] if for_admins else []))


def access_report(  # noqa: PLR0913 -- given by name
    patterns: Sequence[str] | None,
    *,
    place: str,
    is_own: bool,
    is_for_admins: bool,
    may_change: bool,
    command: str = "/mlcompare",
) -> Report:
    """What may be seen somewhere, by which rule, and how that is changed."""
    headline = f"{place} {visible_words(patterns)}"
    lines = ["It has a rule of its own." if is_own else "It has no rule of its own."]
    lines.append(f"{'Only admins' if is_for_admins else 'All its members'} change what is set and watched.")
    steps = (
        Step("To choose experiments", f"{command} access fraud*, churn"),
        Step("For every channel without a rule", f"{command} access everywhere none"),
        Step("For direct messages and the Home tab", f"{command} access direct all"),
        Step("To let only admins change what is set and watched", f"{command} access changes admins"),
    )
    lines += [] if may_change else ["Admins of this Slack workspace can change it."]
    return Report(headline, "\n".join((headline, *lines)), steps=steps if may_change else (), footnotes=tuple(lines))


def changed_report(  # noqa: PLR0913 -- given by name
    request: AccessRequest | RestrictChanges,
    *,
    place: str,
    was: Sequence[str] | None = None,
    fitting: int | None = None,
    command: str = "/mlcompare",
    is_public: bool = False,
) -> Report:
    """A rule that was set or taken back; `was`: its patterns before, None where there was none.

    What a channel might see before is not said where all read it.
    """
    if isinstance(request, RestrictChanges):
        where = "here" if not request.scope else f"for {place[:1].lower()}{place[1:]}"
        who = "Only admins" if request.is_for_admins else "All members of a channel"
        headline = f"{who} change what is set and watched {where}"
        return Report(headline, headline)
    if request.patterns is None:
        headline = f"{place} has no rule of its own {'any more' if was is not None else 'anyway'}"
    else:
        headline = f"{place} {visible_words(request.patterns)}"
    notes = []
    if request.patterns and tuple(request.patterns) != _ALL and fitting is not None:
        notes.append(f"{count_noun(fitting, 'experiment')} {'fits' if fitting == 1 else 'fit'} that now.")
    if was is not None and was != request.patterns and not is_public:
        notes.append(f"Before: {visible_words(was)}.")
    before = AccessRequest(tuple(was) if was is not None else None, request.scope)
    undo = f"{command} {access_words(before)}" if was != request.patterns and not is_public else ""
    steps = (Step("Undo", undo),) if undo else ()
    return Report(headline, "\n".join((headline, *notes)), steps=steps, footnotes=tuple(notes))
