"""`digest weekdays 9:30 Europe/Berlin`, `digest off`: a standup that comes by itself. A channel has one."""

from dataclasses import replace

from comparison.errors import ExperimentNotFound, TrackingUnavailable
from comparison.finding import find_experiment
from comparison.request import PlanDigest
from comparison.watching.hours import following
from comparison.watching.watch import Digest, is_pattern
from comparison.watching.worded import digest_said, digest_words
from comparison.wording import watches as wording
from handlers.drawing import draw
from handlers.failures import SlackFailed
from handlers.permitted import may_change, refused
from handlers.posting import Delivery
from handlers.reply import Reply
from handlers.rung import Rung
from handlers.said import Said
from handlers.services import Services
from handlers.settings import place_of
from handlers.watched import beneath, new_id, set_up
from handlers.watches import MOST, Kept, TooMany


def plan(request: PlanDigest, said: Said, services: Services, delivery: Delivery) -> None:
    before = [each for each in services.watches.of_channel(said.team, said.channel) if each.is_digest]
    if request.digest is None:
        _stop(before, said, services, delivery)
    else:
        _begin(request.digest, request.text, before, said, services, delivery)


def known(digest: Digest, services: Services, *, text: str = "") -> tuple[Digest, tuple[str, ...]]:
    """With the experiments' own names, and what there is to doubt. Raises ExperimentNotFound with near names."""
    try:
        names = tuple(_name(each, services, text) for each in digest.experiments)
    except TrackingUnavailable as error:
        doubt = f"MLflow cannot be asked right now ({error.problem.rstrip('.')}), so I could not look these up."
        return digest, (doubt,)
    return replace(digest, experiments=tuple(dict.fromkeys(names))), ()


def _name(place: str, services: Services, text: str) -> str:
    """An experiment's own name; a pattern as it is."""
    try:
        return find_experiment(place, services.runs, text=text).name
    except ExperimentNotFound:
        if is_pattern(place):
            return place
        raise


def _begin(  # noqa: PLR0913, PLR0917 -- what a feature is given, taken apart
    digest: Digest, text: str, before: list[Kept], said: Said, services: Services, delivery: Delivery
) -> None:
    """It is another digest than the one before, so that it comes today too where its hour is still to come."""
    digest, doubts = known(digest, services, text=text)
    words = digest_words(digest)
    if not all(may_change(each, said, delivery.outlet) for each in before):
        raise refused()
    try:
        delivery.enter("Setting it up …")
    except SlackFailed as failure:
        raise wording.cannot_post(failure.code, words=said.words) from failure
    same = [each for each in before if each.words == words and not each.is_paused]
    if not same:
        _replace(before, words, said, services)
    report = wording.digest_report(
        digest_said(digest),
        following(digest.hours, services.now()),
        command=services.command,
        doubts=doubts,
        replaced="" if same or not before else before[0].words,
    )
    delivery.answer(lambda rung: draw(report, rung=rung, asked_by=said.user))


def _replace(before: list[Kept], words: str, said: Said, services: Services) -> None:
    now = services.now().timestamp()
    kept = Kept(
        new_id(said, f"digest {words}", services), said.team, said.channel, words, said.user, now, is_digest=True
    )
    try:
        services.watches.add(kept, instead_of=[each.id for each in before if each.id != kept.id])
    except TooMany:
        raise wording.too_many(MOST, text=said.words) from None


def _stop(before: list[Kept], said: Said, services: Services, delivery: Delivery) -> None:
    if not all(may_change(each, said, delivery.outlet) for each in before):
        raise refused()
    at = int(services.now().timestamp())
    gone = [each for each in before if services.watches.remove(each.id, by=said.user, at=at)]
    words = gone[0].words if gone else ""
    report = wording.digest_off_report(words, command=services.command, place=place_of(said))
    if not gone:
        delivery.tell(lambda rung: draw(report, rung=rung))
        return
    who = "" if gone[0].created_by == said.user else set_up(gone[0])

    def drawn(rung: Rung) -> Reply:
        reply = draw(report, rung=rung, changed_by=said.user)
        return beneath(reply, who) if who else reply

    delivery.answer(drawn)
