"""Settings: every gap is named at once, and nothing secret is ever printed."""

from urllib.parse import quote

import pytest

from bot.settings import Settings, SettingsError, postgres_parameters, read, survey
from comparison.runs import Experiment, Run
from comparison.tracking.mlflow_links import linked_runs, run_url

RUN = Run("0123456789abcdef0123456789abcdef", "a", Experiment("7", "iris"))

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1-secret-bot",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "MLFLOW_TRACKING_URI": "http://reader:hunter22@mlflow.internal:5000/",
}


@pytest.fixture
def environment(monkeypatch):
    for field, info in Settings.model_fields.items():
        monkeypatch.delenv(str(info.validation_alias or field).upper(), raising=False)

    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def problems(environment, **values):
    environment(**{**GOOD, **values})
    with pytest.raises(SettingsError) as caught:
        read()
    return {problem.name: problem.problem for problem in caught.value.problems}, str(caught.value)


def test_good_settings_are_read(environment):
    environment(**GOOD)
    settings = read()
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1-secret-bot"
    assert (settings.port, settings.workers, settings.command) == (3000, 48, "/mlcompare")
    assert settings.slack_api_url == "https://slack.com/api/"
    assert not settings.socket_mode


def test_an_empty_environment_is_told_every_gap_and_where_to_get_each_value(environment):
    with pytest.raises(SettingsError) as caught:
        read()
    assert {problem.name for problem in caught.value.problems} == {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "MLFLOW_TRACKING_URI",
    }
    assert "SLACK_SIGNING_SECRET" in str(caught.value)
    assert str(caught.value).count("api.slack.com/apps") == 3


def test_gaps_and_wrong_values_are_told_together(environment):
    environment(SLACK_BOT_TOKEN="xoxp-1", PORT="http", MLCOMPARE_WORKERS="0")
    with pytest.raises(SettingsError) as caught:
        read()
    assert {problem.name for problem in caught.value.problems} == {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "MLFLOW_TRACKING_URI",
        "PORT",
        "MLCOMPARE_WORKERS",
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-1-2", "user token"),
        ("SLACK_BOT_TOKEN", "xapp-1-2", "belongs in SLACK_APP_TOKEN"),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-2", "token rotation"),
        ("SLACK_BOT_TOKEN", "8f742231b10e8888abcd99yyyzzz85a5", "starts with xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-1-2", "belongs in SLACK_BOT_TOKEN"),
        ("SLACK_APP_TOKEN", "A0123", "starts with xapp-"),
        ("SLACK_SIGNING_SECRET", "xoxb-1-2", "belongs in SLACK_BOT_TOKEN"),
        ("SLACK_SIGNING_SECRET", "two words", "no spaces"),
        ("SLACK_API_URL", "slack.com/api", "not an address"),
        ("MLFLOW_TRACKING_URI", "mlflow.internal:5000", "http://"),
        ("MLFLOW_TRACKING_URI", "localhost:5000/path", "http://"),
        ("MLFLOW_UI_URL", "mlflow.example.com", "not an address"),
        ("DATABASE_URL", "mysql://u:p@h/d", "neither"),
        ("DATABASE_URL", "sqlite://", "name a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "name a file"),
        ("PORT", "http", "integer"),
        ("PORT", "70000", "65535"),
        ("MLCOMPARE_WORKERS", "many", "integer"),
        ("MLCOMPARE_MLFLOW_TIMEOUT", "0", "0.5"),
        ("MLCOMPARE_COMMAND", "mlcompare", "starts with /"),
        ("MLCOMPARE_COMMAND", "/ml compare", "one word"),
        ("MLCOMPARE_LOG_LEVEL", "loud", "match"),
    ],
)
def test_a_wrong_looking_value_is_told_without_being_shown(environment, name, value, said):
    found, text = problems(environment, **{name: value})
    assert list(found) == [name]
    assert said in found[name]
    if "TOKEN" in name or "SECRET" in name:  # the values that a terminal or a ticket must not hold
        assert value not in text


def test_values_may_have_the_quotes_and_spaces_of_env_files(environment):
    environment(**{**GOOD, "SLACK_BOT_TOKEN": ' "xoxb-1-2"\n', "PORT": " 8080 ", "SLACK_APP_TOKEN": "'xapp-1'"})
    settings = read()
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1-2"
    assert settings.port == 8080
    assert settings.socket_mode


def test_an_empty_value_counts_as_not_set(environment):
    environment(**{**GOOD, "PORT": "", "SLACK_APP_TOKEN": ""})
    assert read().port == 3000
    found, _ = problems(environment, SLACK_BOT_TOKEN="")
    assert found == {"SLACK_BOT_TOKEN": "is not set"}


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("postgres://u:p@h:5432/d", "postgresql+psycopg://u:p@h:5432/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+pg8000://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgres://u:p@h/d?sslmode=require&connect_timeout=3", "postgresql+psycopg://u:p@h/d?sslmode=require"),
        ("postgres://u:p@h/d?schema=public&pgbouncer=true", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:@/d?host=/run/pg", "postgresql+psycopg://u@/d?host=/run/pg"),
        ("postgresql://%2Frun%2Fpg:5433/d", "postgresql+psycopg:///d?host=/run/pg&port=5433"),
        ("postgresql://u:p@[::1]:5433/d", "postgresql+psycopg://u:p@/d?host=%3A%3A1&port=5433"),
        ("postgresql://u:p@a:1,b:2/d", "postgresql+psycopg://u:p@/d?host=a%2Cb&port=1%2C2"),
        ("postgresql:///d?user=u&password=p", "postgresql+psycopg://u:p@/d"),
        ("sqlite:////var/lib/mlcompare.db", "sqlite:////var/lib/mlcompare.db"),
    ],
)
def test_database_addresses_of_hosting_services_are_understood(environment, written, used):
    environment(**GOOD, DATABASE_URL=written)
    assert read().database_url.get_secret_value() == used


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("u:p@ss@h:5432/d", {"user": "u", "password": "p@ss", "host": "h", "port": "5432", "dbname": "d"}),
        ("u:p%40ss@h/d", {"user": "u", "password": "p@ss", "host": "h", "dbname": "d"}),
        ("u:p/ss@h/d", {"user": "u", "password": "p/ss", "host": "h", "dbname": "d"}),
        ("u:5/ss@h/d", {"user": "u", "password": "5/ss", "host": "h", "dbname": "d"}),
        ("u:p?ss@h/d", {"user": "u", "password": "p?ss", "host": "h", "dbname": "d"}),
        ("u:p#ss@h/d", {"user": "u", "password": "p#ss", "host": "h", "dbname": "d"}),
        ("u:p:ss@h/d", {"user": "u", "password": "p:ss", "host": "h", "dbname": "d"}),
        ("u:p[ss@h/d", {"user": "u", "password": "p[ss", "host": "h", "dbname": "d"}),
        ("u:p%ss@h/d", {"user": "u", "password": "p%ss", "host": "h", "dbname": "d"}),
        ("u:p℀s@h/d", {"user": "u", "password": "p℀s", "host": "h", "dbname": "d"}),
        ("u:@@h/d", {"user": "u", "password": "@", "host": "h", "dbname": "d"}),
        ("u:p@x?y=1@h/d", {"user": "u", "password": "p@x?y=1", "host": "h", "dbname": "d"}),
        ("u@srv:p@ss@h/d", {"user": "u@srv", "password": "p@ss", "host": "h", "dbname": "d"}),
        (
            "u:p@ss@h/d?sslmode=require",
            {"user": "u", "password": "p@ss", "host": "h", "dbname": "d", "sslmode": "require"},
        ),
        (
            "u:p@h/d?application_name=a@b",
            {"user": "u", "password": "p", "host": "h", "dbname": "d", "application_name": "a@b"},
        ),
    ],
)
def test_a_database_password_may_hold_any_character(environment, written, meant):
    environment(**GOOD, DATABASE_URL=f"postgres://{written}")
    settings = read()
    assert postgres_parameters(settings.database_url.get_secret_value()) == meant
    for form in (meant["password"], quote(meant["password"], safe="")):
        assert form in settings.secrets


@pytest.mark.parametrize("written", ["u:hunter22@h:port/d", "u:hunter22", "u:hunter22@h/a/b", "hunter22@"])
def test_a_database_address_that_cannot_be_read_is_not_repeated(environment, written):
    found, text = problems(environment, DATABASE_URL=f"postgres://{written}/#")
    assert list(found) == ["DATABASE_URL"]
    assert "hunter22" not in text


@pytest.mark.parametrize("password", ["p/hunter22", "p?hunter22", "p#hunter22", "p[hunter22", "p℀hunter22"])
def test_an_mlflow_password_that_hides_the_host_is_refused_and_not_repeated(environment, password):
    found, text = problems(environment, MLFLOW_TRACKING_URI=f"https://reader:{password}@mlflow.example.com")
    assert "write %2F for /" in found["MLFLOW_TRACKING_URI"]
    assert "hunter22" not in text


@pytest.mark.parametrize(
    ("tracking", "ui", "links"),
    [
        ("http://mlflow:5000/", "", "http://mlflow:5000"),
        ("https://reader:hunter22@mlflow.example.com/base/", "", "https://mlflow.example.com/base"),
        ("http://mlflow:5000", "https://ml.example.com/#/experiments", "https://ml.example.com"),
        ("sqlite:///mlflow.db", "", ""),
        ("sqlite:///mlflow.db", "http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
        ("databricks", "", ""),
    ],
)
def test_links_lead_to_the_ui_address_or_else_to_the_server(environment, tracking, ui, links):
    environment(**{**GOOD, "MLFLOW_TRACKING_URI": tracking, "MLFLOW_UI_URL": ui})
    assert read().ui_url == links


@pytest.mark.parametrize(
    ("ui", "workspace", "links"),
    [
        ("", "blue", "http://mlflow:5000?workspace=blue"),
        ("", " blue team ", "http://mlflow:5000?workspace=blue%20team"),
        ("https://ml.example.com/base/", "blue", "https://ml.example.com/base?workspace=blue"),
        ("https://ml.example.com/?k=1", "blue", "https://ml.example.com/?k=1&workspace=blue"),
        ("https://ml.example.com/?workspace=green", "", "https://ml.example.com/?workspace=green"),
        ("https://ml.example.com/#/experiments?workspace=green", "", "https://ml.example.com?workspace=green"),
        ("https://ml.example.com/?workspace=green", "blue", "https://ml.example.com/?workspace=green"),
    ],
)
def test_links_lead_into_the_workspace_that_is_set(environment, ui, workspace, links):
    environment(
        **{**GOOD, "MLFLOW_TRACKING_URI": "http://mlflow:5000", "MLFLOW_UI_URL": ui, "MLFLOW_WORKSPACE": workspace}
    )
    assert read().ui_url == links
    page = f"runs/{RUN.run_id}?workspace="
    assert page in run_url(read().ui_url, RUN)
    assert linked_runs(run_url(read().ui_url, RUN)) == ((RUN.run_id, "7"),)


def test_no_secret_is_in_the_repr(environment):
    environment(**GOOD, SLACK_APP_TOKEN="xapp-secret-app", DATABASE_URL="postgres://u:dbsecret@h/d")
    settings = read()
    for secret in ("secret-bot", GOOD["SLACK_SIGNING_SECRET"], "secret-app", "dbsecret", "hunter22"):
        assert secret not in repr(settings)
        assert secret not in str(settings)
        assert any(secret in each for each in settings.secrets)


def test_what_is_right_can_be_used_while_the_rest_is_mended(environment):
    environment(**{**GOOD, "PORT": "http", "SLACK_BOT_TOKEN": "xoxp-1"})
    settings, wrong = survey()
    assert {problem.name for problem in wrong} == {"PORT", "SLACK_BOT_TOKEN"}
    assert (settings.port, settings.slack_bot_token.get_secret_value()) == (3000, "")
    assert settings.slack_signing_secret.get_secret_value() == GOOD["SLACK_SIGNING_SECRET"]


@pytest.mark.parametrize(
    ("written", "users", "by_email"),
    [
        ("", {}, False),
        ("email", {}, True),
        (
            "U024BE7LH=maya, W0G9QF9C6 = jonas@corp.example",
            {"U024BE7LH": "maya", "W0G9QF9C6": "jonas@corp.example"},
            False,
        ),
        ("Email,U024BE7LH=a=b", {"U024BE7LH": "a=b"}, True),
    ],
)
def test_who_is_whom_in_mlflow_is_told_by_address_or_pairs(environment, written, users, by_email):
    environment(**GOOD, MLCOMPARE_PEOPLE=written)
    settings = read()
    assert (settings.mlflow_users, settings.asks_by_email) == (users, by_email)


@pytest.mark.parametrize("written", ["everybody", "U024BE7LH=", "maya=U024BE7LH", "email,,", "U024BE7LH"])
def test_who_is_whom_is_not_half_understood(environment, written):
    found, said = problems(environment, MLCOMPARE_PEOPLE=written)
    assert "neither email nor pairs" in found["MLCOMPARE_PEOPLE"]
    assert "U024BE7LH=maya" in said


# Several workspaces


KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
WORKSPACES = {
    "SLACK_CLIENT_ID": "12.34",
    "SLACK_CLIENT_SECRET": "secret-of-the-client",
    "SLACK_SIGNING_SECRET": GOOD["SLACK_SIGNING_SECRET"],
    "MLCOMPARE_PUBLIC_URL": "https://bot.example.com/",
    "MLCOMPARE_TOKEN_KEYS": f"{KEY},{KEY}",
    "MLCOMPARE_WORKSPACES": "T0ONE, E0TWO",
    "MLFLOW_TRACKING_URI": GOOD["MLFLOW_TRACKING_URI"],
}


def test_what_several_workspaces_need_stands_in_place_of_a_token(environment):
    environment(**WORKSPACES)
    settings = read()
    assert settings.serves_workspaces
    assert settings.public_url == "https://bot.example.com"
    assert settings.keys == (KEY, KEY)
    assert settings.may_install("T0ONE", None)
    assert settings.may_install("T0OTHER", "E0TWO")
    assert not settings.may_install("T0OTHER", None)
    assert {KEY, "secret-of-the-client"} <= set(settings.secrets)
    assert "secret-of-the-client" not in repr(settings)
    assert KEY not in repr(settings)


def test_with_a_token_there_is_one_workspace_whatever_else_is_set(environment):
    environment(**WORKSPACES, SLACK_BOT_TOKEN=GOOD["SLACK_BOT_TOKEN"])
    assert not read().serves_workspaces


def test_everything_that_several_workspaces_lack_is_told_at_once(environment):
    environment(**{**WORKSPACES, **dict.fromkeys(list(WORKSPACES)[1:6], "")})
    with pytest.raises(SettingsError) as caught:
        read()
    assert {each.name for each in caught.value.problems} == {
        "SLACK_CLIENT_SECRET", "MLCOMPARE_PUBLIC_URL", "MLCOMPARE_TOKEN_KEYS", "MLCOMPARE_WORKSPACES",
        "SLACK_APP_TOKEN",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MLCOMPARE_PUBLIC_URL", "http://bot.example.com", "want https://"),
        ("MLCOMPARE_PUBLIC_URL", "https://bot.example.com/?a=b", "behind a ? or #"),
        ("MLCOMPARE_TOKEN_KEYS", "too-short", "44 letters"),
        ("MLCOMPARE_TOKEN_KEYS", f"{KEY},{KEY[:-4]}", "44 letters"),
        ("MLCOMPARE_WORKSPACES", "acme", "starts with T"),
        ("MLCOMPARE_SCOPES", "Channels Read", "scopes are written"),
    ],
)
def test_a_wrong_looking_value_of_several_workspaces_is_told_without_being_shown(environment, name, value, said):
    environment(**{**WORKSPACES, name: value})
    with pytest.raises(SettingsError) as caught:
        read()
    (problem,) = caught.value.problems
    assert problem.name == name
    assert said in problem.problem
    assert value not in str(caught.value)
