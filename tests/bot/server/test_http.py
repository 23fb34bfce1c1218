"""The bot's door: what is Slack's is acknowledged, and what is not is refused without a trace."""

import hashlib
import hmac
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import httpx
import pytest
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult

from bot.serve import bind_socket, listening_address, serve_site
from bot.server.http import LARGEST, EventsEndpoint, RefusalLog, SignatureVerifier, site
from tests.endings import endings

SECRET = "8f742231b10e8888abcd99eee85a5000"
FORM = "application/x-www-form-urlencoded"
COMMAND = {"command": "/mlcompare", "text": "a vs b", "trigger_id": "1.2", "team_id": "T1", "user_id": "U1"}


class Clock:
    def __init__(self):
        self.at = time.time()

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def heard():
    return []


@pytest.fixture
def ready():
    return {"slack": ""}


@pytest.fixture
def web(clock, heard, ready):
    listeners, dispatchers = ThreadPoolExecutor(4), ThreadPoolExecutor(4)
    app = App(
        name="mlcompare",
        token="",
        signing_secret="not used",
        request_verification_enabled=False,
        listener_executor=listeners,
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1"),
    )

    def hear(ack, body):
        heard.append(body)
        ack("heard")

    def note(body):
        heard.append(body)

    app.command("/mlcompare")(hear)
    app.action("press")(hear)
    app.event("app_mention")(note)
    door = EventsEndpoint(
        app=app,
        signatures=SignatureVerifier(SECRET, clock),
        dispatchers=dispatchers,
        new_incident=lambda: "123456",
        refusals=RefusalLog(),
    )
    listening = bind_socket("127.0.0.1", 0)
    stop = serve_site(site(door, lambda: ready), listening)
    with httpx.Client(base_url=f"http://{listening_address(listening)}", trust_env=False, timeout=20) as client:
        yield client

    def end():
        stop(10)
        listeners.shutdown()
        dispatchers.shutdown()

    endings().begin(end)


def signed(body, at, secret=SECRET, kind=FORM):
    digest = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {"content-type": kind, "x-slack-request-timestamp": str(at), "x-slack-signature": f"v0={digest}"}


def post(web, clock, fields=None, *, path="/slack/events", body=None, kind=FORM, **more):
    body = urlencode(fields or COMMAND).encode() if body is None else body
    headers = {**signed(body, int(clock()), kind=kind), **more}
    return web.post(path, content=body, headers=headers)


@pytest.mark.parametrize("path", ["/slack/events", "/slack/commands", "/slack/interactive"])
def test_a_signed_command_is_acknowledged_on_every_path(web, clock, heard, path):
    answer = post(web, clock, path=path)
    assert (answer.status_code, answer.text) == (200, "heard")
    assert [body["text"] for body in heard] == ["a vs b"]


def test_a_button_is_acknowledged(web, clock, heard):
    action = {"type": "block_actions", "actions": [{"action_id": "press", "type": "button"}], "user": {"id": "U1"}}
    assert post(web, clock, {"payload": json.dumps(action)}).status_code == 200
    assert len(heard) == 1


def test_an_event_is_acknowledged(web, clock, heard):
    event = {
        "type": "event_callback",
        "event_id": "E1",
        "team_id": "T1",
        "event": {"type": "app_mention", "text": "hi", "user": "U1"},
    }
    answer = post(web, clock, body=json.dumps(event).encode(), kind="application/json; charset=utf-8")
    assert answer.status_code == 200


def test_a_command_about_a_run_called_payload_is_heard(web, clock, heard):
    post(web, clock, {**COMMAND, "text": "payload=1 vs the payload {run}"})
    assert [body["text"] for body in heard] == ["payload=1 vs the payload {run}"]


def test_the_challenge_of_a_new_address_is_answered(web, clock):
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"}).encode()
    answer = post(web, clock, body=body, kind="application/json")
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1a"})


def test_a_look_at_the_certificate_is_answered_and_nothing_happens(web, heard):
    assert web.post("/slack/commands", data={"ssl_check": "1", "token": "x"}).status_code == 200
    assert web.get("/slack/commands", params={"ssl_check": "1"}).status_code == 200
    assert heard == []


def forged(body, at):
    return signed(body, at, secret="another secret")


def stale(body, at):
    return signed(body, at - 301)


def from_the_future(body, at):
    return signed(body, at + 301)


def unsigned(body, at):
    return {"content-type": FORM}


def without_timestamp(body, at):
    return {name: value for name, value in signed(body, at).items() if "timestamp" not in name}


def without_signature(body, at):
    return {name: value for name, value in signed(body, at).items() if "signature" not in name}


def with_timestamp(text):
    def headers(body, at):
        return {**signed(body, at), "x-slack-request-timestamp": text}

    headers.__name__ = f"timestamp {text!r}"
    return headers


def with_signature(text):
    def headers(body, at):
        return {**signed(body, at), "x-slack-signature": text}

    headers.__name__ = f"signature {text!r}"
    return headers


BAD = [
    forged,
    stale,
    from_the_future,
    unsigned,
    without_timestamp,
    without_signature,
    *map(with_timestamp, ["abc", "", "1e9", "-5", "nan", "1_000", "9" * 400, "١٢٣", "0x10"]),
    *map(with_signature, ["", "v0=", "v1=0000", "v0=é", "0" * 10_000, "v0=" + "0" * 64]),
]


@pytest.mark.parametrize("headers", BAD, ids=lambda headers: headers.__name__)
def test_what_slack_did_not_sign_just_now_is_refused(web, clock, heard, caplog, headers):
    body = urlencode(COMMAND).encode()
    raw = {name: value.encode() for name, value in headers(body, int(clock())).items()}
    answer = web.post("/slack/events", content=body, headers=raw)
    assert answer.status_code == 401
    assert "Traceback" not in answer.text
    assert heard == []
    assert all(record.levelno < logging.ERROR and not record.exc_info for record in caplog.records)


def test_a_changed_body_is_refused(web, clock, heard):
    headers = signed(urlencode(COMMAND).encode(), int(clock()))
    assert (
        web.post("/slack/events", content=urlencode({**COMMAND, "text": "x"}).encode(), headers=headers).status_code
        == 401
    )
    assert heard == []


def test_a_replayed_request_is_refused_and_heard_once(web, clock, heard):
    first = post(web, clock)
    clock.at += 200
    body = urlencode(COMMAND).encode()
    again = web.post("/slack/events", content=body, headers=signed(body, int(clock.at - 200)))
    assert (first.status_code, again.status_code) == (200, 401)
    assert len(heard) == 1


def test_a_retry_within_the_second_is_acknowledged_and_heard_once(web, clock, heard):
    post(web, clock)
    again = post(web, clock, **{"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"})
    assert again.status_code == 200
    assert len(heard) == 1


def test_the_same_words_said_again_a_second_later_are_heard_again(web, clock, heard):
    post(web, clock)
    clock.at += 1
    assert post(web, clock).status_code == 200
    assert len(heard) == 2


def test_a_replay_is_refused_as_long_as_its_signature_is_good(web, clock, heard):
    body, early = urlencode(COMMAND).encode(), int(clock()) + 299
    assert web.post("/slack/events", content=body, headers=signed(body, early)).status_code == 200
    clock.at += 598
    assert web.post("/slack/events", content=body, headers=signed(body, early)).status_code == 401
    assert len(heard) == 1


def test_headers_that_would_steer_bolt_are_not_passed_on(web, clock, heard):
    steered = {"x-slack-bolt-lazy-only": "1", "x-slack-bolt-lazy-function-name": "hear"}
    assert post(web, clock, **steered).text == "heard"
    assert len(heard) == 1


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "streamed"])
def test_a_huge_body_is_refused(web, clock, heard, declared):
    body = b"x" * (LARGEST + 1)
    content = body if declared else iter([body[:LARGEST], body[LARGEST:]])
    answer = web.post("/slack/events", content=content, headers=signed(body, int(clock())))
    assert answer.status_code == 413
    assert heard == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ((b"text=hi", "text/plain"), 415),
        ((b"text=hi", "multipart/form-data; boundary=x"), 415),
        ((b"text=hi", ""), 415),
        ((b"\xff\xfe", FORM), 400),
        ((b"{not json", "application/json"), 400),
        ((b"[1, 2]", "application/json"), 400),
        ((b"null", "application/json"), 400),
        ((b"", "application/json"), 400),
        ((b"payload=%7Bnot+json", FORM), 400),
        ((b"payload=5", FORM), 400),
        ((b"{text=hi", FORM), 400),
        ((b"[" * 200_000, "application/json"), 400),
    ],
)
def test_what_cannot_be_read_is_refused_even_when_signed(web, clock, caplog, said, status):
    body, kind = said
    answer = post(web, clock, body=body, kind=kind)
    assert answer.status_code == status
    assert all(record.levelno < logging.ERROR for record in caplog.records)


@pytest.mark.parametrize(
    "body", [b"", b"a=b", b'{"event": {}}', b'{"event": "x", "team": 5}', b'{"type": "event_callback", "event": null}']
)
def test_odd_bodies_are_answered_without_a_stack_trace(web, clock, body):
    kind = "application/json" if body.startswith(b"{") else FORM
    answer = post(web, clock, body=body, kind=kind)
    assert answer.status_code in {200, 400, 404, 500}
    assert "Traceback" not in answer.text


def test_only_posts_are_taken(web):
    assert web.get("/slack/events").status_code == 405
    assert web.put("/slack/events").status_code == 405
    assert web.get("/").status_code == 404


def test_scanners_cannot_fill_the_log(web, caplog):
    with caplog.at_level(logging.INFO, logger="bot"):
        for _ in range(200):
            web.post("/slack/events", content=b"x=y", headers={"content-type": FORM})
    assert len([record for record in caplog.records if record.name.startswith("bot")]) == 1


def test_the_process_says_that_it_is_alive(web):
    assert web.get("/healthz").status_code == 200


def test_the_process_says_whether_it_is_ready_and_why_not(web, ready):
    answer = web.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "checks": {"slack": "ok"}})
    ready["slack"] = "Slack answered invalid_auth"
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": {"slack": "Slack answered invalid_auth"}}
