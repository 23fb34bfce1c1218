"""Pressed where something was offered: the request that it completes is answered where it was asked, once."""

import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.report import Report, Step
from handlers.conversation import PREFIX, Job, OfferedRuns, answer_words, not_taken, offered_in
from handlers.services import Services, Work
from handlers.slack.client import SlackClient, SlackError
from handlers.utterance import ButtonPress, Utterance, button_press

_TAKEN = "You have chosen already, and the first choice was taken. To compare others, ask again."
_THEIRS = "Only who asked can choose there."
_OLD = "That button no longer does anything. It may be from an older version of me."


def register(app: App) -> None:
    app.action(re.compile(f"^{PREFIX}"))(on_choice)


def on_choice(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    pressed = button_press(body)
    offer = offered_in(pressed.block)
    choosing = PickJob(pressed, offer, client, services)
    choosing.keep()
    ack()
    utterance = pressed.utterance
    if services.pool.submit(Work(choosing.run, utterance.channel, utterance.user)) is None:
        choosing.drop()
        why = not_taken(utterance, services)
        services.later(0.0, lambda: answer_words(utterance, client, services).tell(Report(headline=why, summary=why)))


class PickJob:
    """One press, worked out in the pool."""

    def __init__(self, pressed: ButtonPress, offer: OfferedRuns | None, client: WebClient, services: Services) -> None:
        self._pressed, self._offer, self._client, self._services = pressed, offer, client, services
        self._is_kept = False

    def keep(self) -> None:
        """What is chosen outlives this process, unless something was chosen before."""
        if self._offer and self._is_for(self._offer):
            chosen = self._chosen(self._offer)
            self._is_kept = self._services.inbox.put(chosen.delivery, chosen)

    def drop(self) -> None:
        if self._is_kept and self._offer:
            self._services.inbox.drop(self._chosen(self._offer).delivery)

    def run(self) -> None:
        pressed, offer = self._pressed, self._offer
        if offer is None or not pressed.utterance.words or not offer.is_in(pressed.utterance):
            self._tell(_OLD)
        elif not self._is_for(offer):
            self._tell(
                _THEIRS, Step("To compare yourself, ask me", f"{self._services.command} {pressed.utterance.words}")
            )
        else:
            self._choose(offer)

    def _is_for(self, offer: OfferedRuns) -> bool:
        return bool(self._pressed.utterance.words) and offer.is_for(self._pressed.utterance)

    def _chosen(self, offer: OfferedRuns) -> Utterance:
        utterance = self._pressed.utterance
        return replace(
            utterance,
            delivery=f"pick:{utterance.channel}:{self._pressed.message_ts}",
            thread_ts=offer.thread_ts,
            answer_ts=offer.answer_ts,
            is_direct=utterance.channel.startswith("D"),
        )

    def _choose(self, offer: OfferedRuns) -> None:
        """The picker goes away before the answer comes; what is chosen after that is not taken."""
        pressed, services = self._pressed, self._services
        chosen = self._chosen(offer)
        picker = chosen.delivery
        job = answer_words(chosen, self._client, services)
        if not self._is_kept or not job.claim.is_ours():
            self.drop()
            self._repeated(picker)
            return
        _claim(services, _of_words(picker, pressed.utterance))
        self._remove()
        job.call_off.append(services.later(services.working_after, job.show_progress))
        job.run()

    def _repeated(self, picker: str) -> None:
        """The same button again says nothing; another one is told that it came too late."""
        if _claim(self._services, _of_words(picker, self._pressed.utterance)):
            self._tell(_TAKEN)

    def _remove(self) -> None:
        url = self._pressed.utterance.response_url
        try:
            if url:
                SlackClient.of(self._client, self._services.sleep, 5.0).remove(url)
        except SlackError:
            return  # it stays, and is not answered again

    def _tell(self, text: str, *steps: Step) -> None:
        job: Job = answer_words(self._pressed.utterance, self._client, self._services)
        job.tell(Report(headline=text, summary="\n".join([text, *(step.command for step in steps)]), steps=steps))


def _of_words(picker: str, utterance: Utterance) -> str:
    return f"{picker}:{sha256(utterance.words.encode('utf-8', 'surrogatepass')).hexdigest()[:20]}"


def _claim(services: Services, key: str) -> bool:
    try:
        return services.claims.claim(key)
    except Exception:  # noqa: BLE001 -- the claim that matters was made; this one only spares people a sentence
        return False
