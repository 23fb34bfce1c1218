"""Every setting is documented, and nothing is documented that is no setting."""

import json
import re

from click.testing import CliRunner

from bot.commands.manifest import OPTIONAL
from tests.docs.documents import ROOT, documents

CONFIGURATION = ROOT / "docs" / "configuration.md"
SLACK_APP = ROOT / "docs" / "slack-app.md"
OWN = re.compile(r"\b(?:MLCOMPARE|SLACK)_[A-Z_]+\b")


def names():
    from bot.settings import Settings

    return {str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()}


def manifest():
    from bot.cli import main

    printed = CliRunner().invoke(
        main, ["manifest", "--ui-url", "https://mlflow.example.com"]
    )  # all that it can ask for
    assert printed.exit_code == 0, printed.output
    return json.loads(printed.stdout)


def test_every_setting_is_explained():
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert {name for name in names() if f"`{name}`" not in text} == set()


def test_documents_name_no_setting_that_does_not_exist():
    for document in documents():
        assert set(OWN.findall(document.read_text(encoding="utf-8"))) <= names(), document


def test_every_default_is_said():
    from bot.settings import Settings

    text = CONFIGURATION.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        if isinstance(default, (int, float)):
            assert re.search(rf"{default:g}\b", text), name


def test_every_permission_and_event_of_the_slack_app_is_explained():
    text = SLACK_APP.read_text(encoding="utf-8")
    app = manifest()
    scopes = app["oauth_config"]["scopes"]["bot"]
    events = app["settings"]["event_subscriptions"]["bot_events"]
    assert scopes
    assert events
    assert {name for name in (*scopes, *events) if f"`{name}`" not in text} == set()


def test_the_slack_app_document_names_no_permission_that_is_not_asked_for():
    granted = {*manifest()["oauth_config"]["scopes"]["bot"], "connections:write", *OPTIONAL}
    named = set(re.findall(r"^\| `([a-z_]+(?::[a-z.]+)?)` \|", SLACK_APP.read_text(encoding="utf-8"), re.MULTILINE))
    events = set(manifest()["settings"]["event_subscriptions"]["bot_events"])
    assert named <= granted | events
