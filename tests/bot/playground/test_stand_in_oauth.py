"""Slack's side of installing an app, as the stand-in keeps it: what is good once, for how long, and for whom."""

from base64 import b64encode
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.playground.context import Context, Installation, Tickets
from bot.playground.faults import RateLimits
from bot.playground.oauth import CODE_SECONDS, OAuth
from bot.playground.workspace import TEAM, Workspace

REDIRECT = "https://bot.example.com/slack/oauth_redirect"


class Clock:
    def __init__(self):
        self.at = 1_795_000_000.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def oauth(clock):
    made = OAuth(clock)
    for team, company in ((TEAM, ""), ("T0GRID", "E0GRID")):
        workspace = Workspace(clock, team=team, name=f"Team {team}", enterprise=company)
        made.know(Context(Installation(), workspace, Tickets(clock), RateLimits(clock)))
    return made


def agreed(oauth, place=TEAM, **more):
    asked = {"client_id": oauth.client_id, "redirect_uri": REDIRECT, "scope": "chat:write,commands", "state": "s"}
    return {name: values[0] for name, values in parse_qs(urlsplit(oauth.agree(asked | more, place)).query).items()}


def access(oauth, secret=None, **arguments):
    given = f"{oauth.client_id}:{secret or oauth.client_secret}".encode()
    return oauth.access(arguments, f"Basic {b64encode(given).decode()}")


def exchange(oauth, place=TEAM):
    return access(oauth, code=agreed(oauth, place)["code"], redirect_uri=REDIRECT)


def test_a_code_is_good_once_for_who_has_the_secret_and_the_address(oauth):
    led = agreed(oauth)
    assert led["state"] == "s"
    assert access(oauth, "another", code=led["code"], redirect_uri=REDIRECT)["error"] == "bad_client_secret"
    answer = access(oauth, code=led["code"], redirect_uri=REDIRECT)
    assert (answer["team"], answer["enterprise"], answer["is_enterprise_install"]) == (
        {"id": TEAM, "name": f"Team {TEAM}"}, None, False,
    )  # fmt: skip
    assert answer["scope"] == "chat:write,commands"
    assert oauth.grant(answer["access_token"]).place == TEAM
    assert access(oauth, code=led["code"], redirect_uri=REDIRECT)["error"] == "code_already_used"
    assert access(oauth, code="forged", redirect_uri=REDIRECT)["error"] == "invalid_code"
    assert access(oauth, code=agreed(oauth)["code"], redirect_uri="https://else")["error"] == "bad_redirect_uri"


def test_a_code_ends(oauth, clock):
    led = agreed(oauth)
    clock.at += CODE_SECONDS + 1
    assert access(oauth, code=led["code"], redirect_uri=REDIRECT)["error"] == "invalid_code"


def test_nobody_agrees_to_what_is_not_asked_rightly(oauth):
    for wrong in ({"client_id": "1"}, {"redirect_uri": ""}, {"scope": ""}):
        with pytest.raises(LookupError):
            agreed(oauth, **wrong)
    with pytest.raises(LookupError):
        agreed(oauth, "T0UNKNOWN")


def test_tokens_end_and_each_is_exchanged_once(oauth, clock):
    oauth.rotates = True
    first = exchange(oauth)
    assert first["expires_in"] == 43_200
    second = access(oauth, grant_type="refresh_token", refresh_token=first["refresh_token"])
    again = access(oauth, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (second["ok"], again["error"]) == (True, "invalid_refresh_token")
    assert oauth.grant(first["access_token"]).error == "token_revoked"
    assert oauth.grant(second["access_token"]).error == ""
    clock.at += 43_201
    assert oauth.grant(second["access_token"]).error == "token_expired"
    assert access(oauth, grant_type="refresh_token", refresh_token=second["refresh_token"])["ok"]


def test_an_organisations_token_is_for_the_workspace_that_holds_what_is_named(oauth):
    answer = exchange(oauth, "E0GRID")
    assert (answer["team"], answer["is_enterprise_install"]) == (None, True)
    assert answer["enterprise"]["id"] == "E0GRID"
    grant = oauth.grant(answer["access_token"])
    assert oauth.context(grant).workspace.team == "T0GRID"
    assert oauth.is_installed("E0GRID")
    oauth.end("E0GRID", "account_inactive")
    assert oauth.grant(answer["access_token"]).error == "account_inactive"
    assert not oauth.is_installed("E0GRID")
