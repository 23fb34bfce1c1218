"""Log lines: plain, one an event, and never with a secret."""

import io
import json
import logging
import re

import pytest

from bot.logs import JsonFormatter, KeyValueFormatter, Redaction

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


# As JSON


@pytest.fixture
def json_log():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter(Redaction(SECRETS)))
    logger = logging.getLogger("bot.test.json")
    logger.addHandler(handler)
    yield logger, written
    logger.removeHandler(handler)


def test_a_record_is_one_json_object_on_one_line(json_log):
    logger, written = json_log
    logger.warning("posted\nin two lines", extra={"channel": "C1", "seconds": 1.5})
    (line,) = written.getvalue().splitlines()
    found = json.loads(line)
    assert (found["level"], found["logger"], found["message"]) == ("WARNING", "bot.test.json", "posted\nin two lines")
    assert (found["channel"], found["seconds"]) == ("C1", 1.5)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])


def test_a_traceback_is_one_line_too_and_hides_secrets(json_log):
    logger, written = json_log
    try:
        int('with "quotes" and xoxb-1234-5678-AbCdEf and hunter22')
    except ValueError:
        logger.exception("failed")
    (line,) = written.getvalue().splitlines()
    found = json.loads(line)
    assert found["exception"].startswith("Traceback")
    assert "AbCdEf" not in line
    assert "hunter22" not in line


def test_an_extra_cannot_take_the_place_of_what_every_line_has(json_log):
    logger, written = json_log
    logger.warning("said", extra={"level": "NONE", "time": "never"})
    found = json.loads(written.getvalue())
    assert (found["level"], found["time"] != "never") == ("WARNING", True)


def test_what_a_terminal_would_obey_is_written_out(json_log):
    logger, written = json_log
    logger.warning("run %s", "\x1b[31mred", extra={"name_of_it": "a\u202eb"})
    found = json.loads(written.getvalue())
    assert found["message"] == "run \\x1b[31mred"
    assert found["name_of_it"] == "a\\u202eb"
