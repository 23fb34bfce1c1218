"""`access`: what may be seen in a channel and who may change what, set by admins, told to all who are there."""

from comparison.channel_defaults import ACCESS, CHANGES, ChannelSetting
from comparison.errors import RequestError, TrackingUnavailable
from comparison.report import Report
from comparison.reports.channel_settings import access_report, changed_access_report, place_of
from comparison.request import DIRECT, AccessRequest, RestrictChanges, ShowAccess
from handlers.access.rules import ADMINS, MEMBERS, is_personal, read_patterns, write_patterns
from handlers.services import Services
from handlers.slack.delivery import Delivery
from handlers.slack.render import draw
from handlers.utterance import Utterance

REQUESTS = (ShowAccess, AccessRequest, RestrictChanges)  # what this feature answers

_ONLY_ADMINS = "Only admins change who may see and change what."
_HOW = "Ask an admin of this Slack workspace, or somebody named in MLCOMPARE_ADMINS."


def answer(
    request: ShowAccess | AccessRequest | RestrictChanges, utterance: Utterance, services: Services, delivery: Delivery
) -> None:
    """A channel reads what it may see from now on; what it might see before, and other rules, the admin alone."""
    if isinstance(request, ShowAccess):
        report = _shown(request, utterance, services)
        delivery.answer_privately(lambda rung: draw(report, rung=rung))
        return
    if not services.access.is_admin(utterance.user):
        raise RequestError(_ONLY_ADMINS, remedy=_HOW)
    setting = ChannelSetting(*_value(request), by=utterance.user, at=int(services.now().timestamp()))
    before = services.access.store.change(utterance.team, _key(request.scope, utterance), setting)
    is_direct = is_personal(utterance.channel)
    is_public = not request.scope and not is_direct
    report = changed_access_report(
        request,
        place=place_of(request.scope, is_direct=is_direct),
        was=read_patterns(before.value) if before.value and before.what == ACCESS else None,
        fitting=_fitting(utterance, services) if is_public else None,
        command=services.command,
        is_public=is_public,
    )
    if is_public:
        delivery.answer_publicly(lambda rung: draw(report, rung=rung, changed_by=utterance.user))
    else:
        delivery.answer_privately(lambda rung: draw(report, rung=rung))


def show_progress(
    _request: ShowAccess | AccessRequest | RestrictChanges,
    _utterance: Utterance,
    _services: Services,
    _delivery: Delivery,
) -> None: ...


def _value(request: AccessRequest | RestrictChanges) -> tuple[str, str]:
    if isinstance(request, RestrictChanges):
        return CHANGES, ADMINS if request.is_for_admins else MEMBERS
    return ACCESS, "" if request.patterns is None else write_patterns(request.patterns)


def _key(scope: str, utterance: Utterance) -> str:
    """The channel that a rule is kept for; said to the bot alone it holds for all direct messages."""
    return scope or (DIRECT if is_personal(utterance.channel) else utterance.channel)


def _shown(request: ShowAccess, utterance: Utterance, services: Services) -> Report:
    """Rules of other places are for admins: they name what may not be seen here."""
    may_change = services.access.is_admin(utterance.user)
    if request.scope and not may_change:
        raise RequestError("Only admins see the rules of other places.", remedy=_HOW)
    book, key = services.access.read(), _key(request.scope, utterance)
    visible, rule = book.visible(utterance.team, key), book.rule(ACCESS, utterance.team, key)
    return access_report(
        visible.patterns if visible else None,
        place=place_of(request.scope, is_direct=is_personal(utterance.channel)),
        is_own=rule is not None and rule.channel == key,
        is_for_admins=book.is_for_admins(utterance.team, key),
        may_change=may_change,
        command=services.command,
    )


def _fitting(utterance: Utterance, services: Services) -> int | None:
    """How many experiments may be seen there now; None where MLflow cannot be asked."""
    try:
        return len(services.for_channel(utterance.team, utterance.channel).runs.experiments())
    except TrackingUnavailable:
        return None
