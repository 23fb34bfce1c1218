"""Installing the app over HTTP, by the stand-in for Slack: several workspaces, an organisation, and how each leaves."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from starlette.applications import Starlette

from bot.app import build
from bot.notifier.notifier import InstalledWorkspaces, NotifierStores, parts
from bot.notifier.outbox import MessageState, id_of
from bot.notifier.rate_limit import StoredSendSlots
from bot.playground.slack import SlackStandIn
from bot.serve import Server, StopRequest, bind_socket, listening_address
from bot.settings import Settings
from bot.store.database import installations, oauth_states
from bot.store.installations import new_key
from bot.store.outbox import StoredOutbox
from bot.workspaces.install import WHY, install_routes
from comparison.notifications.message import MessageKind, WantedMessage
from handlers.stores import StoredWatch
from tests.fakes.runs import FakeRuns
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

ORGANISATION = "E0COMPANY"
PATIENCE = 90.0


class Bot:
    """A bot that serves, and Slack told where."""

    def __init__(self, slack, folder, **more):
        listening = bind_socket("127.0.0.1", 0)
        self.url = f"http://{listening_address(listening)}"
        self.slack = slack
        self.folder = folder
        database = SecretStr(f"sqlite:///{folder}/state.db")
        self.settings = Settings(
            slack_client_id=slack.oauth.client_id,
            slack_client_secret=SecretStr(slack.oauth.client_secret),
            slack_signing_secret=SecretStr(slack.installation.signing_secret),
            slack_api_url=slack.api_url,
            mlflow_tracking_uri=SecretStr("http://127.0.0.1:9"),
            public_url=self.url,
            token_keys=SecretStr(new_key()),
            workspaces=f"T0PLAYGROUND, T0SECOND T0THIRD,{ORGANISATION}",
            notifier="off",
            **{"database_url": database, **more},
        )
        self.made = build(self.settings, runs=FakeRuns())
        self.server = Server(self.made, listening, StopRequest())
        self.server.start()
        slack.bot_url = f"{self.url}/slack/events"

    def install(self, place, *, cookie=None, change=lambda address: address):
        """The last page, as a browser comes to it; `change` what Slack leads to."""
        begun = visit(f"{self.url}/slack/install")
        assert begun.status_code == 302
        given = begun.headers["set-cookie"]
        assert {"Secure", "HttpOnly"} <= {each.strip() for each in given.split(";")}
        agreed = httpx.get(f"{begun.headers['location']}&team={place}", trust_env=False)
        assert agreed.status_code == 302, agreed.text
        headers = {"cookie": given.partition(";")[0] if cookie is None else cookie}
        return visit(change(agreed.headers["location"]), headers)

    def rows(self):
        with self.made.engine.connect() as connection:
            return {row.id: row for row in connection.execute(select(installations))}

    def held(self):
        """All bytes that are stored, in whichever file."""
        return b"".join(each.read_bytes() for each in Path(self.folder).rglob("state*") if each.is_file())


def visit(address, headers=None):
    """The page, as somebody sees it who comes again when asked to: these tests install more often than anybody does."""
    return until(
        lambda: page if (page := httpx.get(address, headers=headers, trust_env=False)).status_code != 503 else None
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Slack with three workspaces, two of them of one organisation; and the bot."""
    with SlackStandIn() as slack:
        slack.add_workspace("T0SECOND", "Second")
        slack.add_workspace("T0THIRD", "Third", enterprise=ORGANISATION)
        slack.add_workspace("T0FOURTH", "Fourth", enterprise=ORGANISATION)
        bot = Bot(slack, tmp_path_factory.mktemp("bot"))
        yield bot
        bot.server.stop()


@pytest.fixture
def bot(world):
    """Nobody has installed anything."""
    with world.made.engine.begin() as connection:
        connection.execute(installations.delete())
    for watch in world.made.services.watches.every():
        world.made.services.watches.remove(watch.id, by="", at=1)
    world.made.workspaces.tokens.forget()
    world.slack.oauth.rotates = False
    world.slack.oauth.refreshed.clear()
    for place in ("T0PLAYGROUND", "T0SECOND", "T0THIRD", ORGANISATION):
        world.slack.oauth.end(place, "account_inactive")
    return world


@pytest.fixture
def second(bot):
    return bot.slack.neighbours[0]


@pytest.fixture
def third(bot):
    return bot.slack.neighbours[1]


@pytest.fixture
def fourth(bot):
    return bot.slack.neighbours[2]


def until(holds):
    ends = time.monotonic() + PATIENCE
    while not (found := holds()) and time.monotonic() < ends:
        time.sleep(0.02)
    assert found
    return found


def heard(place):
    """Asks for help by a mention, and waits for the answer, which is sent with the token of the workspace."""
    before = len(place.posts())
    (taken, *_more) = place.mention("help")
    assert taken.was_taken, taken
    return until(lambda: len(place.posts()) > before)


def test_a_workspace_installs_the_app_and_is_answered_with_its_own_token(bot, second):
    page = bot.install("T0SECOND")
    assert page.status_code == 200
    assert "mlcompare is installed in Second." in page.text
    assert "/mlcompare help" in page.text
    assert "code=" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert heard(second)
    assert bot.rows()["T0SECOND"].bot_user_id == "U0MLCOMPARE"
    assert bot.slack.messages() == [], "no other workspace hears of it"


def test_no_event_has_slack_asked_who_the_bot_is_nor_the_database_for_the_token_again(bot, second):
    bot.install("T0SECOND")
    asked = sum(each.method == "auth.test" for each in second.calls)
    for _ in range(3):
        heard(second)
    assert sum(each.method == "auth.test" for each in second.calls) == asked
    with bot.made.engine.begin() as connection:  # what was read a moment ago is used
        connection.execute(update(installations).values(sealed=""))
    assert heard(second)


def test_two_workspaces_have_tokens_of_their_own(bot, second):
    bot.install("T0PLAYGROUND")
    bot.install("T0SECOND")
    tokens = {bot.made.workspaces.tokens.token(each) for each in ("T0PLAYGROUND", "T0SECOND")}
    assert len(tokens) == 2
    heard(second)
    before = len(bot.slack.ephemerals)
    bot.slack.mention("help")
    until(lambda: len(bot.slack.ephemerals) > before)


def test_a_workspace_that_has_not_installed_it_is_told_how(bot, second):
    taken = second.command("help")
    assert taken.was_taken
    seen = until(lambda: [each for each in second.workspace.everything() if "/slack/install" in each.text])
    assert f"{bot.url}/slack/install" in seen[-1].text


def test_no_token_can_be_read_in_the_files_of_the_bot(bot):
    bot.slack.oauth.rotates = True
    for place in ("T0PLAYGROUND", "T0SECOND", ORGANISATION):
        bot.install(place)
    held = bot.held()
    assert b"Second" in held
    for place in ("T0PLAYGROUND", "T0SECOND", ORGANISATION):
        for token in bot.slack.oauth.tokens(place):
            grant = bot.slack.oauth.grant(token)
            assert token.encode() not in held
            assert not grant.refresh or grant.refresh.encode() not in held
    assert bot.slack.oauth.client_secret.encode() not in held


# What does not install anything


@pytest.mark.parametrize(
    ("cookie", "change", "status", "said"),
    [
        ("", lambda address: address, 400, "did not begin in this browser"),
        ("slack-app-oauth-state=another", lambda address: address, 400, "did not begin in this browser"),
        (None, lambda address: address.replace("state=", "state=x"), 400, "did not begin in this browser"),
        ("slack-app-oauth-state=forged", lambda address: address.partition("&state=")[0] + "&state=forged", 401,
         "took too long, or was used before"),
        (None, lambda address: address.replace("code=", "code=9"), 401, "Slack did not take this"),
        (None, lambda address: address.partition("?")[0] + "?error=access_denied", 200, "you did not agree"),
        (None, lambda address: address.partition("?")[0] + "?error=<script>alert(1)</script>", 200, "was not installed"),
        (None, lambda address: address.partition("?")[0], 400, "did not begin in this browser"),
    ],
    ids=["no cookie", "other cookie", "changed state", "forged state", "other code", "refused", "hostile", "nothing"],
)  # fmt: skip
def test_who_did_not_begin_or_did_not_agree_installs_nothing(bot, cookie, change, status, said):
    page = bot.install("T0SECOND", cookie=cookie, change=change)
    assert page.status_code == status
    assert said in page.text
    assert "<script" not in page.text
    assert f'href="{bot.url}/slack/install"' in page.text
    assert bot.rows() == {}


def test_a_state_that_was_used_or_is_over_installs_nothing(bot):
    seen = []
    bot.install("T0SECOND", change=lambda address: seen.append(address) or address)
    state = parse_qs(urlsplit(seen[0]).query)["state"][0]
    again = httpx.get(seen[0], headers={"cookie": f"slack-app-oauth-state={state}"}, trust_env=False)
    assert (again.status_code, "used before" in again.text) == (401, True)

    def too_late(address):
        with bot.made.engine.begin() as connection:
            connection.execute(update(oauth_states).values(expires_at=1))
        return address

    assert bot.install("T0PLAYGROUND", change=too_late).status_code == 401
    assert set(bot.rows()) == {"T0SECOND"}


def test_a_workspace_that_the_settings_do_not_name_is_turned_away_and_its_token_revoked(bot):
    bot.slack.add_workspace("T0STRANGER", "Strangers")
    page = bot.install("T0STRANGER")
    assert page.status_code == 403
    assert "T0STRANGER is not among the workspaces that may install me" in page.text
    (token,) = bot.slack.oauth.tokens("T0STRANGER")
    assert bot.slack.oauth.grant(token).error == "token_revoked"
    assert bot.rows() == {}


def test_what_is_too_long_or_too_much_is_not_looked_at(bot):
    assert httpx.get(f"{bot.url}/slack/oauth_redirect?code={'x' * 5000}", trust_env=False).status_code == 414
    assert httpx.post(f"{bot.url}/slack/install", trust_env=False).status_code == 405


def test_more_visits_than_anybody_makes_are_sent_away_for_a_moment(bot):
    seconds = 0.0
    pages = Starlette(routes=install_routes(bot.made.workspaces.flow, clock=lambda: seconds))

    async def visits():
        nonlocal seconds
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url=bot.url) as visitor:
            seen = [await visitor.get("/slack/install") for _ in range(51)]
            seconds = 60.0
            return seen, await visitor.get("/slack/install")

    seen, later = asyncio.run(visits())
    assert [each.status_code for each in seen] == [302] * 50 + [503]
    assert "Please try again in a minute." in seen[-1].text
    assert later.status_code == 302


# Leaving and coming back


def a_watch(bot, workspace, watch_id="w1"):
    watch = StoredWatch(watch_id, workspace, f"C{watch_id}", "iris", "U1", time.time(), is_primed=True)
    bot.made.services.watches.add(watch)


def paused(bot):
    return {each.workspace: each.paused_why for each in bot.made.services.watches.every() if each.is_paused}


@pytest.mark.parametrize(
    "events",
    [
        [("app_uninstalled", {})],
        [("tokens_revoked", {"tokens": {"bot": ["U0MLCOMPARE"]}})],
        [("tokens_revoked", {"tokens": {"bot": ["U0MLCOMPARE"]}}), ("app_uninstalled", {})],
        [("app_uninstalled", {}), ("tokens_revoked", {"tokens": {"bot": ["U0MLCOMPARE"]}}), ("app_uninstalled", {})],
    ],
    ids=["uninstalled", "revoked", "revoked first", "again and again"],
)
def test_when_the_app_is_taken_out_its_token_is_gone_at_once_and_its_watches_rest(bot, second, events):
    for place in ("T0PLAYGROUND", "T0SECOND"):
        bot.install(place)
        a_watch(bot, place, f"w{place}")
    bot.slack.oauth.end("T0SECOND", "account_inactive")
    for kind, more in events:
        (taken,) = second.event(kind, **more)
        assert taken.was_taken
    assert bot.rows()["T0SECOND"].sealed == ""
    assert bot.rows()["T0PLAYGROUND"].sealed
    assert paused(bot) == {"T0SECOND": WHY}
    assert bot.made.workspaces.tokens.token("T0SECOND") == ""
    bot.install("T0SECOND")
    assert paused(bot) == {}
    assert heard(second)


def test_a_watch_that_somebody_paused_stays_so_whoever_installs_again(bot, second):
    bot.install("T0SECOND")
    a_watch(bot, "T0SECOND")
    bot.made.services.watches.pause("w1", by="U1", at=5)
    second.event("app_uninstalled")
    bot.install("T0SECOND")
    assert paused(bot) == {"T0SECOND": ""}


def test_that_people_take_their_own_tokens_back_changes_nothing(bot, second):
    bot.install("T0SECOND")
    second.event("tokens_revoked", tokens={"oauth": ["U1"], "bot": []})
    assert heard(second)


def test_what_is_told_late_does_not_take_out_what_was_installed_since(bot, second):
    bot.install("T0SECOND")
    with bot.made.engine.begin() as connection:
        connection.execute(update(installations).values(installed_at=int(time.time()) + 60))
    second.event("app_uninstalled")
    assert heard(second)


def test_installed_again_the_new_token_is_used_at_once(bot, second):
    bot.install("T0SECOND")
    heard(second)
    old = bot.made.workspaces.tokens.token("T0SECOND")
    bot.slack.oauth.revoke(old)
    bot.install("T0SECOND")
    assert heard(second)
    assert bot.made.workspaces.tokens.token("T0SECOND") != old


def test_a_workspace_taken_out_of_the_settings_is_served_no_more(bot):
    bot.install("T0SECOND")
    tokens = bot.made.workspaces.tokens
    assert tokens.token("T0SECOND")
    allowed, tokens.may_install = tokens.may_install, lambda *_ids: False
    assert tokens.token("T0SECOND") == ""
    tokens.may_install = allowed


# Tokens that end


def test_a_token_that_ends_soon_is_exchanged_before_anybody_has_to_wait(bot, second):
    bot.slack.oauth.rotates, bot.slack.oauth.seconds = True, 3_600
    bot.install("T0SECOND")
    old = bot.made.workspaces.tokens.token("T0SECOND")
    bot.slack.oauth.seconds = 43_200
    bot.made.workspaces.tend()
    bot.made.workspaces.tend()
    assert bot.slack.oauth.refreshed == ["T0SECOND"]
    assert bot.slack.oauth.grant(old).error == "token_revoked"
    assert heard(second)


def test_a_token_that_has_ended_is_exchanged_by_the_request_that_needs_it(bot, second):
    bot.slack.oauth.rotates, bot.slack.oauth.seconds = True, 30
    bot.install("T0SECOND")
    bot.slack.oauth.seconds = 43_200
    assert heard(second)
    assert heard(second)
    assert bot.slack.oauth.refreshed == ["T0SECOND"]


@pytest.mark.parametrize("say", ["help", "mlp-32 vs mlp-64"])
def test_a_token_that_slack_ends_before_its_time_is_exchanged_and_the_answer_sent_again(bot, second, caplog, say):
    bot.slack.oauth.rotates, bot.slack.oauth.seconds = True, 43_200
    bot.install("T0SECOND")
    assert heard(second)
    bot.slack.oauth.expire("T0SECOND")
    before = len(second.posts())
    second.mention(say)
    assert until(lambda: len(second.posts()) > before)
    assert heard(second)
    assert bot.slack.oauth.refreshed == ["T0SECOND"]
    assert caplog.text.count("before its stated end") == 1


def test_a_token_that_another_process_exchanged_is_read_anew(bot, second):
    bot.slack.oauth.rotates, bot.slack.oauth.seconds = True, 43_200
    bot.install("T0SECOND")
    assert heard(second)
    tokens = bot.made.workspaces.tokens
    tokens.installations.rotate(
        "T0SECOND",
        2**40,
        lambda bot: tokens.rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=1_000_000),
    )
    assert heard(second)
    assert bot.slack.oauth.refreshed == ["T0SECOND"]


def test_a_token_that_does_not_rotate_is_not_exchanged(bot, second):
    bot.install("T0SECOND")
    assert heard(second)
    token = bot.slack.oauth.tokens("T0SECOND")[-1]
    bot.slack.oauth.revoke(token)
    assert bot.made.workspaces.tokens.renewed(token) == ""
    assert bot.made.workspaces.tokens.renewed("xoxb-of-nobody") == ""
    assert bot.slack.oauth.refreshed == []


def test_a_token_that_slack_does_not_exchange_is_asked_for_once_in_a_while(bot, second, caplog):
    bot.slack.oauth.rotates, bot.slack.oauth.seconds = True, 30
    bot.install("T0SECOND")
    bot.slack.oauth.end("T0SECOND", "token_revoked")
    for _ in range(3):
        second.mention("help")
    assert caplog.text.count("could not be exchanged (invalid_refresh_token)") == 1


# An organisation


def test_an_organisation_installs_it_for_all_of_its_workspaces(bot, third, fourth):
    page = bot.install(ORGANISATION)
    assert f"Organisation {ORGANISATION}" in page.text
    assert bot.rows()[ORGANISATION].is_enterprise
    assert heard(third)
    assert heard(fourth)
    assert third.command("help").was_taken
    tokens = bot.made.workspaces.tokens
    assert tokens.token("T0THIRD") == tokens.token("T0FOURTH") == tokens.token(ORGANISATION) != ""
    assert tokens.token("T0SECOND") == ""


def test_a_workspace_that_an_organisation_shuts_out_is_served_no_more_and_the_others_are(bot, third, fourth):
    bot.install(ORGANISATION)
    heard(third)
    heard(fourth)
    a_watch(bot, "T0THIRD")
    fourth.event("team_access_revoked", team_ids=["T0THIRD"])
    assert paused(bot) == {"T0THIRD": WHY}
    assert bot.made.workspaces.tokens.token("T0THIRD") == ""
    assert heard(fourth)
    fourth.event("team_access_granted", team_ids=["T0THIRD"])
    assert paused(bot) == {}
    assert heard(third)


def test_when_an_organisation_leaves_all_of_its_workspaces_do(bot, third, fourth):
    bot.install(ORGANISATION)
    heard(third)
    heard(fourth)
    a_watch(bot, "T0THIRD", "w3")
    a_watch(bot, "T0FOURTH", "w4")
    third.event("app_uninstalled")
    assert set(paused(bot)) == {"T0THIRD", "T0FOURTH"}
    assert bot.made.workspaces.tokens.token("T0FOURTH") == ""
    bot.install(ORGANISATION)
    assert paused(bot) == {}
    assert heard(fourth)


# Messages nobody asks for: what Slack says of one workspace holds up no other


@pytest.fixture
def notifier(bot):
    outbox = StoredOutbox(bot.made.engine)
    stores, own = NotifierStores(outbox, StoredSendSlots(bot.made.engine)), bot.made.workspaces
    tokens = InstalledWorkspaces(own.clients.of, own.is_installed)
    return outbox, parts(bot.settings, bot.made.services, stores, tokens, lambda: None)


def announced(outbox, workspace, channel, words):
    """A message that waits; its id."""
    key = f"notice:{workspace}:{words}:{time.monotonic_ns()}"
    outbox.announce([WantedMessage(key, MessageKind.NOTICE, workspace, channel, about=words)], milliseconds())
    return id_of(key)


def milliseconds():
    return int(datetime.now(UTC).timestamp() * 1000)


@pytest.mark.parametrize("trouble", ["told to wait", "token revoked"])
def test_what_slack_says_of_one_workspace_holds_up_no_other(bot, second, notifier, trouble):
    outbox, made = notifier
    bot.install("T0PLAYGROUND")
    bot.install("T0SECOND")
    if trouble == "told to wait":
        second.faults.rate_limit(None, retry_after=60, method="chat.postMessage")
    else:
        bot.slack.oauth.end("T0SECOND", "token_revoked")
    stuck = [announced(outbox, "T0SECOND", second.channel, f"stuck {number}") for number in range(3)]
    assert all(made.deliverer.deliver(each, 1) > 1 for each in stuck)
    place = {"told to wait": "C0STANDUP", "token revoked": "C0EXPERIMENTS"}[trouble]  # one message a second in each
    free = announced(outbox, "T0PLAYGROUND", place, f"free {trouble}")
    assert made.deliverer.deliver(free, 1) is None
    assert bot.slack.wait_for_message(f"free {trouble}", channel=place)
    assert outbox.get(free).state is MessageState.POSTED
    assert outbox.get(stuck[0]).state is MessageState.WAITING
    assert made.deliverer.problem == "", "one workspace's trouble does not make the bot unready"
    second.faults.clear()


def test_messages_for_a_workspace_that_left_are_dropped(bot, notifier):
    outbox, made = notifier
    left = announced(outbox, "T0SECOND", "C1", "too late")
    assert made.deliverer.deliver(left, 1) == 60, "it may be about to install it: a database of one workspace before"
    assert outbox.get(left).problem.startswith("the app is not installed")
    bot.install("T0SECOND")
    bot.slack.neighbours[0].event("app_uninstalled")
    assert made.deliverer.deliver(left, 1) is None
    row = outbox.get(left)
    assert (row.state, row.problem) == (MessageState.DROPPED, "The app is not installed in its workspace any more")


def test_a_workspace_of_an_organisation_hears_of_runs_by_the_organisations_token(bot, third, notifier):
    outbox, made = notifier
    bot.install(ORGANISATION)
    heard(third)
    message = announced(outbox, "T0THIRD", third.channel, "for the third")
    assert made.deliverer.deliver(message, 1) is None
    assert any("for the third" in each.text for each in third.posts())


def test_the_bot_is_ready_whatever_becomes_of_one_workspace(bot):
    bot.install("T0SECOND")
    bot.slack.oauth.end("T0SECOND", "account_inactive")
    until(lambda: httpx.get(f"{bot.url}/readyz", trust_env=False).status_code == 200)


# Other ways to run it


def test_a_database_of_one_workspace_goes_on_once_that_has_installed_the_app(tmp_path):
    with SlackStandIn() as slack:
        address = SecretStr(f"sqlite:///{tmp_path}/state.db")
        alone = build(
            Settings(
                slack_bot_token=SecretStr(slack.installation.bot_token),
                slack_signing_secret=SecretStr("unused"),
                slack_api_url=slack.api_url,
                mlflow_tracking_uri=SecretStr("http://127.0.0.1:9"),
                database_url=address,
            ),
            runs=FakeRuns(),
        )
        assert alone.probes[0].ask(), "the tables are made"
        a_watch_of = StoredWatch("w1", "T0PLAYGROUND", "C0EXPERIMENTS", "iris", "U0MAYA", time.time(), is_primed=True)
        alone.services.watches.add(a_watch_of)
        alone.engine.dispose()
        bot = Bot(slack, tmp_path)
        try:
            bot.install("T0PLAYGROUND")
            before = len(slack.ephemerals)
            slack.command("/mlcompare", "watches")
            until(lambda: any("iris" in str(each.blocks) for each in slack.ephemerals[before:]))
        finally:
            bot.server.stop()


def test_socket_mode_serves_several_workspaces_with_the_one_token_of_the_app(tmp_path):
    with SlackStandIn() as slack:
        second = slack.add_workspace("T0SECOND", "Second")
        bot = Bot(slack, tmp_path, slack_app_token=SecretStr(slack.installation.app_token))
        try:
            slack.wait_for_socket(PATIENCE)
            for place in ("T0PLAYGROUND", "T0SECOND"):
                assert bot.install(place).status_code == 200
            assert heard(second)
            before = len(slack.ephemerals)
            slack.mention("help")
            until(lambda: len(slack.ephemerals) > before)
        finally:
            bot.server.stop()


def test_on_postgresql_a_workspace_and_an_organisation_come_leave_and_come_back(tmp_path, postgres):
    with SlackStandIn() as slack:
        second = slack.add_workspace("T0SECOND", "Second")
        third = slack.add_workspace("T0THIRD", "Third", enterprise=ORGANISATION)
        slack.oauth.rotates, slack.oauth.seconds = True, 3_600
        bot = Bot(slack, tmp_path, database_url=SecretStr(postgres))
        try:
            for place in ("T0SECOND", ORGANISATION):
                assert bot.install(place).status_code == 200
            assert heard(second)
            assert heard(third)
            slack.oauth.seconds = 43_200
            bot.made.workspaces.tend()
            assert sorted(slack.oauth.refreshed) == [ORGANISATION, "T0SECOND"]
            assert heard(third)
            a_watch(bot, "T0SECOND")
            slack.oauth.end("T0SECOND", "account_inactive")
            second.event("app_uninstalled")
            assert bot.rows()["T0SECOND"].sealed == ""
            assert paused(bot) == {"T0SECOND": WHY}
            bot.install("T0SECOND")
            assert paused(bot) == {}
            assert heard(second)
            assert bot.install("T0SECOND", cookie="").status_code == 400
        finally:
            bot.server.stop()
