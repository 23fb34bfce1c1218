"""A web page that is open beside the playground: it posts nothing as the bot, and reads no word of anybody."""

import asyncio
import http.client
import json
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import websockets
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.playground.context import Installation
from bot.playground.server import Serving
from bot.playground.slack import EXPERIMENTS, MAYA, SlackStandIn
from tests.chromium import ARGUMENTS, installed

LATE = 10  # seconds


def asked(slack, method, path, body=None, **headers):
    """Status and body of a request with exactly these headers beside what HTTP needs."""
    connection = http.client.HTTPConnection(urlsplit(slack.url).netloc, timeout=LATE)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.putrequest(method, path, skip_host="host" in named)
        for name, value in named.items():
            connection.putheader(name, value)
        connection.putheader("content-length", str(len(body or b"")))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def posting(slack):
    """All that a call to post as the bot needs, its token too."""
    body = json.dumps({"channel": EXPERIMENTS, "text": "I am the bot"}).encode()
    return "POST", "/api/chat.postMessage", body


def test_every_start_has_tokens_of_its_own():
    one, other = Installation(), Installation()
    for name in ("bot_token", "app_token", "signing_secret"):
        assert getattr(one, name) != getattr(other, name)
        assert getattr(one, name) not in repr(one)
    assert (one.bot_token[:5], one.app_token[:5]) == ("xoxb-", "xapp-")
    assert len(bytes.fromhex(one.signing_secret)) == 16
    assert min(len(one.bot_token), len(one.app_token)) > 40


def test_tokens_that_another_start_had_open_nothing(slack):
    for token in (Installation().bot_token, "xoxb-playground"):
        told = asked(slack, *posting(slack), content_type="application/json", authorization=f"Bearer {token}")
        assert json.loads(told[1])["error"] == "invalid_auth"
    assert slack.messages() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/chat.postMessage"),
        ("GET", "/api/auth.test"),
        ("POST", "/response/abc"),
        ("GET", "/socket"),
        ("GET", "/"),
        ("GET", "/archives/C0EXPERIMENTS/p1"),
        ("GET", "/page/state"),
        ("GET", "/page/live"),
        ("GET", "/page/main.js"),
        ("POST", "/page/say"),
        ("GET", "/nothing/here"),
    ],
)
def test_no_path_is_asked_for_by_another_name_or_from_another_page(slack, method, path):
    port = urlsplit(slack.url).port
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1@evil.example",
        "localhost:x",
        "0.0.0.0",
        "",
    ):
        assert asked(slack, method, path, host=host)[0] == 400, host
    for origin in (
        "http://evil.example",
        "null",
        "https://127.0.0.1",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1:{port + 1}",
        f"http://localhost:{port}",
        "file://",
        "",
    ):
        assert asked(slack, method, path, origin=origin)[0] == 403, origin
    for site in ("cross-site", "same-site"):
        assert asked(slack, method, path, sec_fetch_site=site)[0] == 403, site


def test_a_bot_on_this_machine_and_the_page_itself_are_answered(slack):
    port, token = urlsplit(slack.url).port, slack.installation.bot_token
    bearer = {"content_type": "application/json", "authorization": f"Bearer {token}"}
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost"):
        assert json.loads(asked(slack, *posting(slack), host=host, **bearer)[1])["ok"]
    say = json.dumps({"text": "hello", "channel": EXPERIMENTS, "user": MAYA}).encode()
    own = {"origin": f"http://127.0.0.1:{port}", "sec_fetch_site": "same-origin", "content_type": "application/json"}
    assert asked(slack, "POST", "/page/say", say, **own)[0] == 200
    followed = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert asked(slack, "GET", "/", **followed)[0] == 200
    assert asked(slack, "GET", "/page/state", **followed)[0] == 403


def test_a_socket_opens_for_no_other_page_even_with_a_ticket(slack):
    address = f"{slack.url.replace('http', 'ws', 1)}socket?ticket={slack.sockets.new_ticket()}"

    async def opened(**more):
        try:
            async with asyncio.timeout(LATE), websockets.connect(address, proxy=None, **more) as socket:
                return json.loads(await socket.recv())["type"]
        except websockets.InvalidStatus as refused:
            return refused.response.status_code

    assert asyncio.run(opened(origin="http://evil.example")) == 403
    assert asyncio.run(opened(additional_headers={"Host": "evil.example"})) in (400, 403)
    assert asyncio.run(opened()) == "hello"  # the ticket was not used up by those who were refused


# What a page in a browser can do: every kind of request that leaves it without asking first.
ATTACK = """<!doctype html><title>foreign</title><body><script>
const at = "TARGET", token = "TOKEN", told = {};
const text = JSON.stringify({channel: "C0EXPERIMENTS", text: "I am the bot", token});
const form = `channel=C0EXPERIMENTS&text=I+am+the+bot&token=${token}`;
const say = JSON.stringify({text: "/mlcompare unwatch all", channel: "C0EXPERIMENTS", user: "U0MAYA"});
const quietly = (path, body, type) =>
  fetch(at + path, {method: "POST", mode: "no-cors", body: new Blob([body], {type})}).catch(() => 0);
const openly = (name, path, options) =>
  fetch(at + path, options).then(answer => answer.text()).then(body => told[name] = body).catch(() => told[name] = "");
const framed = () => new Promise(done => {
  document.body.insertAdjacentHTML("beforeend", `<iframe name=hole></iframe><form target=hole method=post
    action="${at}api/chat.postMessage"><input name=channel value=C0EXPERIMENTS><input name=text value="I am the bot">
    <input name=token value="${token}"></form>`);
  document.forms[0].submit();
  setTimeout(done, 500);
});
const socket = address => new Promise(done => {
  const opened = new WebSocket(address);
  opened.onmessage = message => { told.socket = message.data; done(); };
  opened.onclose = opened.onerror = done;
});
const image = path => new Promise(done => {
  const seen = new Image();
  seen.onload = seen.onerror = done;
  seen.src = at + path;
});
(async () => {
  await quietly("api/chat.postMessage", text, "text/plain");
  await quietly("api/chat.postMessage", form, "application/x-www-form-urlencoded");
  await quietly("RESPONSE", JSON.stringify({text: "I am the bot", response_type: "in_channel"}), "text/plain");
  await quietly("page/say", say, "text/plain");
  await openly("say", "page/say", {method: "POST", body: say, headers: {"content-type": "application/json"}});
  await openly("state", "page/state?as=U0MAYA");
  await openly("call", `api/auth.test?token=${token}`);
  await image(`api/chat.postMessage?${form}`);
  await framed();
  await socket(at.replace("http", "ws") + "socket?ticket=TICKET");
  document.title = "done " + JSON.stringify(told);
})();
</script>"""


@contextmanager
def foreign_page(slack, *, target):
    """A page on another port of this machine, that knows every secret; `target` is what it calls the playground."""
    page = ATTACK.replace("TARGET", target).replace("TOKEN", slack.installation.bot_token)
    own = slack.people._response_url(EXPERIMENTS, MAYA).removeprefix(slack.url)
    page = page.replace("RESPONSE", own).replace("TICKET", slack.sockets.new_ticket())

    async def show(_request):
        return HTMLResponse(page)

    with Serving().start(Starlette(routes=[Route("/", show)])) as serving:
        yield serving.url


@pytest.fixture(scope="module")
def misled():
    """A browser for which evil.example is this machine, as after DNS rebinding."""
    from playwright.sync_api import sync_playwright

    path = installed()
    if not path:
        pytest.skip("no Chromium: `make browser` says why")
    rule = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, rule])
        yield started
        started.close()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "evil.example"])
def test_a_foreign_page_in_a_browser_neither_posts_nor_reads(misled, name):
    """Even one that knows the token, a response URL and a ticket, whatever name it has for this machine."""
    with SlackStandIn() as slack:
        slack.say("secret words of maya")
        own = slack.url.replace("127.0.0.1", name)
        with foreign_page(slack, target=own) as address:
            tab = misled.new_page()
            tab.goto(address.replace("127.0.0.1", name))
            tab.wait_for_function("document.title.startsWith('done')", timeout=LATE * 1000)
            told = json.loads(tab.title().removeprefix("done "))
            tab.close()
        assert told == {"say": "", "state": "", "call": ""}
        assert slack.messages() == []
        assert [message.text for message in slack.workspace.everything()] == ["secret words of maya"]
        assert (slack.calls, slack.sockets.count) == ([], 0)
