"""Typing the command in the channel, as a person does, and seeing the answer there."""

from bot.playground.slack import EXPERIMENTS, SlackStandIn

PATIENCE = 60.0  # seconds for the first answer; MLflow may still have to be imported


class NotPosted(Exception):  # noqa: N818 -- named for what happened
    """The comparison is not in the channel; says what is there."""


def post(slack: SlackStandIn, words: str, expected: str) -> None:
    """Type `/mlcompare` and the words; returns once an answer that says `expected` stands in the channel."""
    delivery = slack.command("/mlcompare", words)
    if not delivery.was_taken:
        raise NotPosted(f"the bot did not take the command: {delivery.error} (HTTP {delivery.status})")
    try:
        slack.wait_for_message(expected, channel=EXPERIMENTS, timeout=PATIENCE)
    except AssertionError as error:
        raise NotPosted(str(error)) from error
