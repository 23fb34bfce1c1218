"""The running bot and those who are not Slack: whatever they send or do not send, Slack's own requests are taken."""

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import psutil
import pytest

from bot.playground.events import sign
from bot.playground.slack import SlackStandIn
from tests.bot.process import BotProcess, SlowMlflow

DESCRIPTORS = 1_024  # what many systems give a process
GIVEN_UP = 20.0  # seconds, within which the bot ends whatever does not go on; its own deadlines are shorter
MEGABYTE = 1_000_000
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def slack():
    with SlackStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def bot(slack, tmp_path_factory):
    with SlowMlflow() as mlflow:
        known = {
            "SLACK_BOT_TOKEN": slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "MLFLOW_TRACKING_URI": mlflow.url,
        }
        with BotProcess(tmp_path_factory.mktemp("bot"), known, descriptors=DESCRIPTORS) as process:
            process.wait_until_it_serves().wait_until_ready()
            slack.bot_url = f"{process.url}/slack/events"
            yield process
            print(process.log[-20_000:])  # shown when a test fails


@pytest.fixture
def connect(bot):
    """Connections to the bot, all ended with the test."""
    with contextlib.ExitStack() as stack:

        def begin(sent=b""):
            made = stack.enter_context(socket.create_connection(("127.0.0.1", int(bot.port)), timeout=GIVEN_UP))
            with contextlib.suppress(OSError):
                made.sendall(sent)
            return made

        yield begin


def head(path="/slack/events", method="POST", **headers):
    lines = [f"{method} {path} HTTP/1.1", "host: bot", *(f"{n.replace('_', '-')}: {v}" for n, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def as_if_signed():
    """Headers as Slack's, but for the secret."""
    return {
        "content_type": FORM,
        "x_slack_request_timestamp": int(time.time()),
        "x_slack_signature": "v0=" + "0" * 64,
    }


def until_it_ends(connection):
    """What came until the bot ended the connection, and the seconds that took."""
    began, read = time.monotonic(), b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            read += piece
    return read, time.monotonic() - began


def is_acknowledged(slack):
    """Whether a command is taken within Slack's three seconds."""
    taken = slack.command("/mlcompare", "help")
    assert taken.was_taken, taken
    return True


HALF = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"POST /slack/ev", id="half a line"),
    pytest.param(b"POST /slack/events HTTP/1.1\r\nhost: bot\r\nx-slack-", id="half the headers"),
    pytest.param(b"GET /healthz HTTP/1.1\r\nhost: bot\r\n\r\nGET /heal", id="half of a second request"),
    pytest.param(head(content_length=1_000, **as_if_signed()) + b"a=b", id="half a body"),
    pytest.param(head("/healthz", content_length=MEGABYTE) + b"a=b", id="half a body that nobody wants"),
    pytest.param(head(content_length=10**15, **as_if_signed()) + b"a=b", id="half of a body without end"),
    pytest.param(head(transfer_encoding="chunked", **as_if_signed()) + b"5\r\nab", id="half a chunk"),
]


def byte_by_byte(bot):
    """The seconds until the bot ends a connection over which a request comes slowly."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", int(bot.port)), timeout=GIVEN_UP) as connection:
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 2 * GIVEN_UP:
                connection.sendall(b"P")
                time.sleep(0.1)
        return time.monotonic() - began


def without_reading(bot):
    """The seconds until the bot ends a connection whose answers nobody reads."""
    began, asked = time.monotonic(), head("/healthz", "GET") * 2_000
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(2 * GIVEN_UP)
        connection.connect(("127.0.0.1", int(bot.port)))
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 2 * GIVEN_UP:
                connection.sendall(asked)
        return time.monotonic() - began


def half_sent(bot, sent):
    """The seconds until the bot ends a connection over which nothing more comes."""
    with socket.create_connection(("127.0.0.1", int(bot.port)), timeout=GIVEN_UP) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        return until_it_ends(connection)[1]


@pytest.fixture(scope="module")
def given_up(bot):
    """What is given up, all at the same time, since each takes seconds: by name, the seconds that will have taken."""
    slow = {"byte by byte": byte_by_byte, "without reading": without_reading}
    slow |= {case.id: partial(half_sent, sent=case.values[0]) for case in HALF}
    with ThreadPoolExecutor(len(slow)) as threads:
        yield {name: threads.submit(until_its_end, bot) for name, until_its_end in slow.items()}


@pytest.mark.parametrize("name", [case.id for case in HALF])
def test_a_request_that_does_not_come_to_its_end_is_given_up(given_up, name):
    assert given_up[name].result() < GIVEN_UP


def test_a_request_that_comes_byte_by_byte_is_given_up_as_if_it_had_stopped(given_up):
    assert given_up["byte by byte"].result() < GIVEN_UP


def test_who_never_reads_the_answers_is_given_up(given_up):
    assert given_up["without reading"].result() < 2 * GIVEN_UP


def test_more_half_open_connections_than_descriptors_stop_nothing_and_fill_no_log(bot, slack, connect):
    before = len(bot.log)
    for number in range(1_100):
        connect(b"POST /slack/events HTTP/1.1\r\nhost: b")
        if number % 100 == 99:
            assert is_acknowledged(slack)
    assert is_acknowledged(slack)
    assert len(bot.log) - before < 20_000
    assert "Too many open files" not in bot.log


def test_connections_that_were_answered_once_and_are_kept_open_stop_nothing(slack, connect):
    for _ in range(700):
        assert connect(head("/healthz", "GET")).recv(100).startswith(b"HTTP/1.1 200")
    assert is_acknowledged(slack)


def test_bodies_that_are_held_back_hold_little_memory(bot, slack, connect):
    process = psutil.Process(bot.process.pid)
    before = process.memory_info().rss
    sent = head(content_length=MEGABYTE, **as_if_signed()) + b"a" * (MEGABYTE - 1)
    most = 0
    for number in range(300):
        connect(sent)
        most = max(most, process.memory_info().rss)
        if number % 100 == 99:
            assert is_acknowledged(slack)
    assert most - before < 120 * MEGABYTE


def many_fields(size=MEGABYTE - 100):
    return b"ssl_check=1&" + b"a=%41&" * (size // 6)


@pytest.mark.parametrize("signed", [True, False], ids=["as if signed", "unsigned"])
def test_a_crafted_body_is_refused_before_it_is_parsed_and_holds_nobody_up(bot, slack, connect, signed):
    headers = as_if_signed() if signed else {"content_type": FORM}
    body = many_fields()
    sent = head(content_length=len(body), connection="close", **headers) + body
    before = psutil.Process(bot.process.pid).cpu_times().user
    waiting = [connect(sent) for _ in range(12)]
    assert is_acknowledged(slack)
    for each in waiting:
        each.settimeout(GIVEN_UP)
        answer, _ = until_it_ends(each)
        assert answer.startswith(b"HTTP/1.1 401") or not answer  # ended while it was still being sent
    assert psutil.Process(bot.process.pid).cpu_times().user - before < 2


def test_a_body_in_a_million_chunks_costs_little(bot, slack, connect):
    process = psutil.Process(bot.process.pid)
    before = process.cpu_times().user
    sent = head(transfer_encoding="chunked", **as_if_signed()) + b"1\r\na\r\n" * 900_000 + b"0\r\n\r\n"
    for _ in range(3):
        connect(sent)
        assert is_acknowledged(slack)
    assert process.cpu_times().user - before < 2


def test_a_body_in_chunks_is_taken_where_slack_signed_it(bot, slack):
    body = b"command=%2Fother&text=x&team_id=T1&user_id=U1&channel_id=C1"
    at = str(int(time.time()))
    headers = {
        "content-type": FORM,
        "x-slack-request-timestamp": at,
        "x-slack-signature": sign(slack.installation.signing_secret, at, body),
    }
    pieces = iter([body[:20], body[20:]])
    answer = httpx.post(f"{bot.url}/slack/events", content=pieces, headers=headers, trust_env=False, timeout=20)
    assert answer.status_code == 200


ODD = [
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, id="TLS"),
    pytest.param(b"GET / HTTP/1.1\r\n\r\n" * 50, id="no host"),
    pytest.param(b"A" * 100_000, id="a line without end"),
    pytest.param(head(**{f"x_{number}": "y" * 1_000 for number in range(100)}), id="headers without end"),
    pytest.param(head("/healthz", transfer_encoding="chunked") + b"zz\r\n" * 20, id="bad chunks after an answer"),
    pytest.param(head(transfer_encoding="chunked", **as_if_signed()) + b"zz\r\n" * 20, id="bad chunks"),
    pytest.param(head(transfer_encoding="chunked") + b"zz\r\n" * 20, id="bad chunks of what is refused at once"),
    pytest.param(head(content_length="5, 6"), id="two lengths"),
    pytest.param(head("/slack/events", "CONNECT"), id="a proxy's word"),
    pytest.param(
        head("/healthz", "GET", upgrade="websocket", connection="upgrade", sec_websocket_version=13), id="an upgrade"
    ),
]


@pytest.mark.parametrize("sent", ODD)
def test_what_is_no_request_of_slack_leaves_no_stack_trace_and_fills_no_log(bot, connect, sent):
    before = len(bot.log)
    for _ in range(30):
        with connect(sent) as connection:
            connection.settimeout(0.05)
            with contextlib.suppress(TimeoutError, ConnectionError):
                connection.recv(100)
    assert httpx.get(f"{bot.url}/healthz", trust_env=False, timeout=20).status_code == 200
    said = bot.log[before:]
    assert "Traceback" not in said
    assert len(said) < 2_000
