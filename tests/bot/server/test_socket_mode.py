"""Socket Mode and connections that end as connections do: each is noticed, said, and replaced."""

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.server.socket_mode import SocketMode
from bot.server.worker_pool import Precedence

SOON = 20  # seconds on a busy machine
QUICKLY = 3.0  # seconds on a busy machine; on a quiet one it is a small part of one
HELLO = {"type": "hello", "num_connections": 1}
COMMAND = {"command": "/mlcompare", "text": "", "team_id": "T1", "user_id": "U1", "channel_id": "C1"}


class Far:
    """Slack's end of one connection, frame by frame; nothing is done for it that a test does not do."""

    def __init__(self, connection):
        self.socket = connection
        self.read = connection.makefile("rb")
        head = b"".join(iter(self.read.readline, b"\r\n")).decode()
        key = next(line.split(":")[1].strip() for line in head.splitlines() if "websocket-key" in line.lower())
        answer = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False).digest()
        self.socket.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-accept: " + base64.b64encode(answer) + b"\r\n\r\n"
        )

    def say(self, message):
        data = json.dumps(message).encode()
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack("!H", len(data))
        self.socket.sendall(b"\x81" + size + data)

    def hear(self):
        """The next message that is no ping or pong."""
        while True:
            first, second = self.read.read(2)
            size = second & 127
            size = struct.unpack("!H", self.read.read(2))[0] if size == 126 else size
            mask, data = self.read.read(4), self.read.read(size)
            if first & 15 == 1:
                return json.loads(bytes(byte ^ mask[place % 4] for place, byte in enumerate(data)))

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.read.close()
        self.socket.close()

    def stop_in_a_frame(self):
        self.socket.sendall(b"\x81\x7e\x10\x00{")
        self.close()

    def close_with_a_word(self):
        self.socket.sendall(b"\x88\x02\x03\xe8")


class Slack:
    """Tells the address of a socket, and hands over each connection that is made to it."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        address = f"ws://127.0.0.1:{self._listening.getsockname()[1]}/?ticket=1"
        self.asked = []

        class Api(BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N805 -- the standard library's name; `self` is Slack's
                self.asked.append(time.monotonic())
                body = json.dumps({"ok": True, "url": address}).encode()
                handler.send_response(200)
                handler.send_header("content-length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *_words):  # noqa: N805
                """Quiet."""

        self._api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=self._api.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._api.server_address[1]}/"
        self._made = []

    def accept(self):
        self._listening.settimeout(SOON)
        connection, _ = self._listening.accept()
        connection.settimeout(SOON)
        self._made.append(Far(connection))
        return self._made[-1]

    def close(self):
        self._listening.close()
        self._api.shutdown()
        self._api.server_close()
        for each in self._made:
            each.read.close()
            each.socket.close()


@pytest.fixture
def slack():
    with contextlib.closing(Slack()) as stand_in:
        yield stand_in


@pytest.fixture
def mode(slack):
    app = App(
        name="mlcompare",
        token="",
        signing_secret="not used",
        request_verification_enabled=False,
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1"),
        process_before_response=True,
    )
    app.command("/mlcompare")(lambda ack, body: ack(f"heard {body['text']}"))
    client = WebClient(token="xapp-1", base_url=slack.url, timeout=5)
    mode = SocketMode(app, client, Precedence(1), patience=300, give_up=lambda: None)
    mode.start()
    yield mode
    mode.stop(1)


def connected(slack, mode):
    far = slack.accept()
    far.say(HELLO)
    wait_until(lambda: mode.problem == "")
    return far


def wait_until(holds, seconds=SOON):
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


def commanded(far, text):
    far.say({"type": "slash_commands", "envelope_id": text, "payload": {**COMMAND, "text": text}})
    return far.hear()


ENDINGS = [Far.half_close, Far.close, Far.reset, Far.stop_in_a_frame, Far.close_with_a_word]


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_a_connection_is_replaced_however_it_ends(slack, mode, end):
    far = connected(slack, mode)
    ended_at = time.monotonic()
    end(far)
    wait_until(lambda: len(slack.asked) == 2)
    assert slack.asked[1] - ended_at < QUICKLY
    assert mode.problem == "the connection was lost"
    again = connected(slack, mode)
    assert commanded(again, "1") == {"envelope_id": "1", "payload": {"text": "heard 1"}}


def test_what_comes_on_the_old_connection_is_acknowledged_there(slack, mode):
    old = connected(slack, mode)
    old.say({"type": "disconnect", "reason": "warning"})
    new = connected(slack, mode)
    assert commanded(old, "1")["envelope_id"] == "1"
    assert commanded(new, "2")["envelope_id"] == "2"
    assert commanded(old, "3")["envelope_id"] == "3"
    old.close()
    assert commanded(new, "4")["envelope_id"] == "4"
    assert mode.problem == ""
    assert len(slack.asked) == 2


def test_a_connection_on_which_slack_says_nothing_is_none(slack, mode):
    slack.accept()
    far = slack.accept()  # after ten seconds
    assert mode.problem != ""
    far.say(HELLO)
    wait_until(lambda: mode.problem == "")


def test_what_is_no_request_harms_nothing(slack, mode):
    far = connected(slack, mode)
    for odd in ("words", 5, [], {}, {"type": "?"}, {"type": "slash_commands", "envelope_id": "1", "payload": 5}):
        far.say(odd)
    assert commanded(far, "2")["envelope_id"] == "2"


def test_connections_that_end_again_and_again_are_made_less_and_less_often(slack, mode):
    for _ in range(4):
        connected(slack, mode).close()
    wait_until(lambda: len(slack.asked) == 5)
    pauses = [later - earlier for earlier, later in zip(slack.asked, slack.asked[1:], strict=False)]
    assert pauses[3] > 1.5
    assert pauses[3] > pauses[1]
