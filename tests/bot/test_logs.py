"""Log lines: plain, one an event, and never with a secret."""

import io
import logging

import pytest

from bot.logs import KeyValueFormatter, Redaction

SECRETS = ("8f742231b10e8888abcd99yyyzzz85a5", "hunter22", "abc")


@pytest.fixture
def log():
    """A logger and what it has written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(KeyValueFormatter(Redaction(SECRETS)))
    logger = logging.getLogger("bot.test")
    logger.addHandler(handler)
    yield logger, written
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-1234-5678-AbCdEf",
        "xapp-1-A012-345-abcdef",
        "xoxe.xoxp-1-Mi0yLTE",
        "8f742231b10e8888abcd99yyyzzz85a5",
        "postgresql://bot:s3cr3t@db/x",
        "http://reader:pass%40word@mlflow:5000",
        "https://hooks.slack.com/commands/T1/2/abcDEF",
        "wss://wss-primary.slack.com/link/?ticket=0b1c&app_id=A1",
    ],
)
def test_no_secret_is_written_whoever_wrote_it(log, secret):
    logger, written = log
    logger.warning("could not use %s", secret, extra={"reason": secret})
    try:
        int(secret)
    except ValueError:
        logger.exception("failed")
    hidden = ("AbCdEf", "abcdef", "Mi0yLTE", "8f742231b", "s3cr3t", "pass%40word", "abcDEF", "0b1c")
    assert not any(each in written.getvalue() for each in hidden)
    assert written.getvalue().count("[hidden]") >= 3


def test_a_line_has_time_level_place_message_and_values(log):
    logger, written = log
    logger.error("not answered", extra={"incident": "042137", "reason": "it was too late"})
    line = written.getvalue()
    assert line.endswith('Z ERROR bot.test not answered incident=042137 reason="it was too late"\n')
    assert line[:4].isdigit()


def test_what_people_write_cannot_make_a_line_of_its_own(log):
    logger, written = log
    logger.warning("heard %s", "x\n2026-01-01T00:00:00.000Z ERROR bot.test forged\x1b[2J")
    assert len(written.getvalue().splitlines()) == 1
    assert "\x1b" not in written.getvalue()


def test_a_short_password_does_not_blot_out_ordinary_words(log):
    logger, written = log
    logger.warning("abcdef")
    assert "abcdef" in written.getvalue()
