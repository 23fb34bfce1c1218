"""Plain log lines: time, level, where, message, key=value. No line holds a secret, whoever wrote it."""

import json
import logging
import re
import sqlite3
import sys
import time
from collections.abc import Iterable
from errno import ENOSPC

from slack_sdk.errors import SlackApiError

from comparison.errors import RequestError, TrackingUnavailable

TOKENS = re.compile(r"\b(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{4,}")
CREDENTIALS = re.compile(r"(://[^/\s:@]*:)(?!password@)[^/\s@]+(?:@[^/\s@]+)*(?=@)")  # "password" stands in examples
HOOKS = re.compile(r"(hooks\.slack\.com/(?:commands|actions|services|workflows|app)/)[^\s'\"?]+")
CODES = re.compile(r"(\bwith code: )\S+")  # of an install, as Bolt logs one that Slack did not take
TICKETS = re.compile(r"\b(ticket|app_id)=[^&\s'\"]+")
SHORTEST = 4  # a shorter password would blot out half of every line
HIDDEN = "[hidden]"
OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class Redaction:
    """Takes tokens, passwords and the given secrets out of text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({each for each in secrets if len(each) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(HIDDEN, text)
        text = TOKENS.sub(HIDDEN, text)
        text = CREDENTIALS.sub(rf"\1{HIDDEN}", text)
        text = HOOKS.sub(rf"\1{HIDDEN}", text)
        text = CODES.sub(rf"\1{HIDDEN}", text)
        return TICKETS.sub(rf"\1={HIDDEN}", text)


class KeyValueFormatter(logging.Formatter):
    """Formats a record as one line (a traceback follows it); what was given as `extra` stands behind as key=value."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        message = _flat(record.getMessage())
        extra = "".join(f" {key}={_value(each)}" for key, each in vars(record).items() if key not in OWN)
        line = f"{at}.{int(record.msecs):03d}Z {record.levelname} {record.name} {message}{extra}"
        if record.exc_info:
            traceback = self.formatException(record.exc_info)
            line = "\n".join([line, *map(_flat, traceback.split("\n"))])
        return self._redact(line)


class JsonFormatter(logging.Formatter):
    """One JSON object a record, on one line, also with a traceback; what was given as `extra` stands beside."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{at}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        extras = {key: each for key, each in vars(record).items() if key not in OWN}
        line |= {key: each for key, each in extras.items() if key not in line}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(_hidden(line, self._redact), ensure_ascii=False, default=str)


def _hidden(line: dict[str, object], redact: Redaction) -> dict[str, object]:
    """The same without secrets; numbers stay. Done before it is JSON: quoting would hide a secret from the search."""
    plain = (bool, int, float, type(None))
    return {key: each if isinstance(each, plain) else redact(_visible(str(each))) for key, each in line.items()}


def _visible(text: str) -> str:
    """Text without what a terminal would obey; lines stay lines."""
    return "\n".join(map(_flat, text.split("\n")))


def _flat(text: str) -> str:
    """Text that cannot pretend to be another line."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _value(value: object) -> str:
    text = _flat(str(value))
    return f'"{text}"' if " " in text or not text else text


def configure(level: str, secrets: Iterable[str], form: str = "text") -> None:
    """Sends all logging to standard error, in our lines; libraries speak only of what went wrong.

    `form` is "text" (key=value) or "json".
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = JsonFormatter if form == "json" else KeyValueFormatter
    handler.setFormatter(formatter(Redaction(secrets)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("bot", "handlers", "comparison"):
        logging.getLogger(ours).setLevel(level)
    logging.getLogger("slack_bolt.App").addFilter(_is_news)
    logging.getLogger("slack_sdk.web.base_client").setLevel(logging.CRITICAL)  # whoever called it says what failed
    logging.captureWarnings(capture=True)


def _is_news(record: logging.LogRecord) -> bool:
    """Bolt warns that the token of the environment is not used; it is, in the client we give it."""
    message = record.getMessage()
    return (
        "(or SLACK_BOT_TOKEN env variable) will be ignored" not in message and "`token` will be unused" not in message
    )


def _is_full(error: BaseException) -> bool:
    inner = getattr(error, "orig", None) or error  # SQLAlchemy keeps what the driver raised there
    return getattr(inner, "errno", 0) == ENOSPC or getattr(inner, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL


def describe(error: BaseException) -> str:
    """What went wrong, in a few words without addresses."""
    if isinstance(error, TrackingUnavailable) and error.outline:
        return error.outline
    if isinstance(error, RequestError):
        return error.problem
    if isinstance(error, SlackApiError):
        return f"Slack answered {error.response.get('error', 'with an error')}"
    return "the disk is full" if _is_full(error) else f"{type(error).__name__}"
