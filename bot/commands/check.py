"""`mlcompare check`: every setting, token, scope and server, each with what to do about it."""

import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

import click
from slack_sdk.errors import SlackApiError

from bot.app import web_client
from bot.commands.manifest import LINKS, NEEDED, WHO, unfurl_domain
from bot.logs import Redaction
from bot.settings import ANY, SOURCES, SettingProblem, Settings, bare, missing, survey, unspoken, workspace_of
from comparison.errors import RequestError
from comparison.formats.controls import json_text, written_out
from comparison.tracking.source import RunSource

if TYPE_CHECKING:
    from comparison.tracking.visibility import PermissionSource

APPS = "api.slack.com/apps → your app"
SECRET = re.compile(r"[0-9a-f]{32}")
TOKEN_REMEDIES = {
    "invalid_auth": f"Copy it again: {SOURCES['SLACK_BOT_TOKEN']}",
    "not_authed": f"Copy it again: {SOURCES['SLACK_BOT_TOKEN']}",
    "account_inactive": f"The app was removed from the workspace. {APPS} → Install App → Install to Workspace, "
    "then copy the new token",
    "token_revoked": f"{APPS} → Install App → Reinstall to Workspace, then copy the new token",
    "token_expired": f"{APPS} → OAuth & Permissions: opt out of token rotation, reinstall, copy the new token",
}
MLFLOW_REMEDY = (
    "Is the server running, can it be reached from here, and is MLFLOW_TRACKING_URI right? It is "
    f"{SOURCES['MLFLOW_TRACKING_URI']}. Where it asks who you are, set MLFLOW_TRACKING_USERNAME and "
    "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
)
UNREACHABLE = "Is there a way from here to SLACK_API_URL? Behind a proxy set HTTPS_PROXY"


@dataclass(frozen=True)
class Check:
    """A finding in one line: what was looked at, whether it is well, what was found, what to do."""

    what: str
    well: bool
    found: str
    remedy: str = ""


Findings = Iterator[Check]


def of_settings(problems: tuple[SettingProblem, ...]) -> Findings:
    yield from (Check(each.name, well=False, found=each.problem, remedy=each.remedy) for each in problems)


def of_bot_token(settings: Settings) -> Findings:
    """Asks Slack who the token is, and what it may do."""
    token = settings.slack_bot_token.get_secret_value()
    if not token:
        return
    try:
        identity = web_client(settings, token).auth_test()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the finding
        yield _slack_failed("SLACK_BOT_TOKEN", error, TOKEN_REMEDIES)
        return
    yield Check("SLACK_BOT_TOKEN", well=True, found=f"is @{identity.get('user')} in {identity.get('team')}")
    if not identity.get("bot_id"):
        yield Check("SLACK_BOT_TOKEN", well=False, found="is not a bot's", remedy=SOURCES["SLACK_BOT_TOKEN"])
    granted = _held(identity.headers)
    yield _scopes(granted)
    yield from _untold(granted, settings)


def of_workspaces(settings: Settings) -> Findings:
    """Whether workspaces can install the app, and how many did."""
    if settings.slack_client_id and not settings.serves_workspaces:
        found = "is not used: with SLACK_BOT_TOKEN the bot is in one workspace"
        yield Check("SLACK_CLIENT_ID", well=True, found=found)
    if not settings.serves_workspaces or unspoken():
        return
    try:
        web_client(settings).api_test()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the finding
        yield _slack_failed("SLACK_CLIENT_ID", error, {})
        return
    yield from _client(settings)
    allowed = "every workspace" if settings.workspaces == ANY else settings.workspaces
    found = f"let {allowed} install the app, at {settings.public_url}/slack/install"
    yield Check("MLCOMPARE_WORKSPACES", well=True, found=found)


def _client(settings: Settings) -> Findings:
    """Whether Slack knows the app: it is asked with a code that nobody has, and looks at the secret first."""
    secret = settings.slack_client_secret.get_secret_value()
    source = SOURCES["SLACK_CLIENT_SECRET"]
    remedies = {"invalid_client_id": SOURCES["SLACK_CLIENT_ID"], "bad_client_secret": source}
    try:
        web_client(settings).oauth_v2_access(client_id=settings.slack_client_id, client_secret=secret, code="none")
    except SlackApiError as error:
        if error.response.get("error") == "invalid_code":
            yield Check("SLACK_CLIENT_SECRET", well=True, found="is the app's")
            return
        yield _slack_failed("SLACK_CLIENT_SECRET", error, remedies)
    except Exception as error:  # noqa: BLE001 -- as above
        yield _slack_failed("SLACK_CLIENT_SECRET", error, remedies)


def of_installations(settings: Settings) -> Findings:
    """Whether the keys open all tokens. Reads the database, which is up to date."""
    from datetime import UTC, datetime

    from bot.store.database import open_database
    from bot.store.installations import StoredInstallations, TokenCipher

    if not settings.serves_workspaces or not settings.keys:
        return
    engine = open_database(settings.database_url.get_secret_value())
    try:
        installations = StoredInstallations(engine, TokenCipher(settings.keys), lambda: datetime.now(UTC))
        installed = [each for each in installations.every() if not each.removed_at]
        lost = [each.id for each in installed if installations.bot_of(each.id) is None]
    except Exception:  # noqa: BLE001 -- what is wrong with the database is found out apart
        return
    finally:
        engine.dispose()
    count = f"{len(installed)} workspace{'' if len(installed) == 1 else 's'}"
    if lost:
        found = f"open not the tokens of {', '.join(lost)}"
        remedy = "Put the key that was taken out behind the first one; or let them install the app again"
        yield Check("MLCOMPARE_TOKEN_KEYS", well=False, found=found, remedy=remedy)
    else:
        yield Check("MLCOMPARE_TOKEN_KEYS", well=True, found=f"open the tokens of {count} that installed the app")


def _held(headers: Any) -> set[str]:
    given = {name.lower(): value for name, value in dict(headers).items()}.get("x-oauth-scopes", "")
    return {each.strip() for each in (given if isinstance(given, str) else ",".join(given)).split(",")} - {""}


def _scopes(granted: set[str]) -> Check:
    lacking = [scope for scope in NEEDED if scope not in granted]
    if not lacking:
        return Check("scopes", well=True, found=f"has {', '.join(NEEDED)}")
    remedy = f"{APPS} → OAuth & Permissions → Bot Token Scopes: add {', '.join(lacking)}; then reinstall the app"
    return Check("scopes", well=False, found=f"lacks {', '.join(lacking)}", remedy=remedy)


def _untold(granted: set[str], settings: Settings) -> Findings:
    """What the bot cannot tell of people with these scopes, and what it does then: well, as long as it is known."""
    if settings.external_people == "allow":
        found = "of other companies and guests are answered (MLCOMPARE_EXTERNAL_PEOPLE is allow)"
        yield Check("people", well=True, found=found)
    elif WHO not in granted:
        found = f"who are guests are answered like members: without the scope {WHO} the bot cannot tell them apart"
        yield Check("people", well=True, found=found)
    if lacking := [scope for scope in ("channels:read", "groups:read") if scope not in granted]:
        found = f"of channels cannot be told without {' and '.join(lacking)}: whoever acts in one counts as in it"
        yield Check("members", well=True, found=found)
    host, _why_not = unfurl_domain(settings.ui_url)
    if host and (lacking := [scope for scope in LINKS if scope not in granted]):
        found = f"to {host} do not unfold without {' and '.join(lacking)}: `mlcompare manifest` asks for them"
        yield Check("links", well=True, found=found)


def of_app_token(settings: Settings) -> Findings:
    """Asks Slack for a Socket Mode address; none is opened."""
    token = settings.slack_app_token.get_secret_value()
    if not token:
        return
    source = SOURCES["SLACK_APP_TOKEN"]
    remedies = {
        "missing_scope": f"The app-level token lacks connections:write. {source}",
        "invalid_auth": f"Copy it again: {source}",
        "not_allowed_token_type": f"This is not an app-level token. {source}",
        "socket_mode_disabled": f"{APPS} → Socket Mode → Enable Socket Mode",
    }
    try:
        web_client(settings, token).apps_connections_open(app_token=token)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the finding
        yield _slack_failed("SLACK_APP_TOKEN", error, remedies)
        return
    yield Check("SLACK_APP_TOKEN", well=True, found="opens Socket Mode")


def _slack_failed(what: str, error: Exception, remedies: dict[str, str]) -> Check:
    if isinstance(error, SlackApiError):
        code = str(error.response.get("error", "an error"))
        return Check(what, well=False, found=f"Slack answers {code}", remedy=remedies.get(code, SOURCES[what]))
    return Check(what, well=False, found=f"Slack cannot be reached ({_reason(error)})", remedy=UNREACHABLE)


def of_signing_secret(settings: Settings) -> Findings:
    """Checks how the secret looks only: Slack has no call to test it."""
    secret = settings.slack_signing_secret.get_secret_value()
    if not secret:
        return
    if SECRET.fullmatch(secret):
        yield Check("SLACK_SIGNING_SECRET", well=True, found="looks right")
    else:
        found = "does not look like one (32 digits and letters from a to f)"
        yield Check("SLACK_SIGNING_SECRET", well=False, found=found, remedy=SOURCES["SLACK_SIGNING_SECRET"])


def of_database(settings: Settings) -> Findings:
    """Whether it can be written, and is up to date; changes nothing."""
    from bot.store.database import check_writable, open_database
    from bot.store.migrate import current, newest

    engine = open_database(settings.database_url.get_secret_value())
    try:
        with engine.connect() as connection:
            revision = current(connection)
        if revision:
            check_writable(engine)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the finding
        remedy = "Is the database running, and are name and password right? " + SOURCES["DATABASE_URL"]
        yield Check("database", well=False, found=f"cannot be used ({_reason(error)})", remedy=remedy)
        return
    finally:
        engine.dispose()
    if revision == newest():
        yield Check("database", well=True, found=f"can be written, is up to date ({revision})")
    else:
        start = f"updated from {revision} to {newest()} at the next start" if revision else "created at the first start"
        found = f"can be reached; will be {start}"
        yield Check("database", well=True, found=found)


def of_mlflow(settings: Settings, source: Callable[[Settings], RunSource]) -> Findings:
    """Lists experiments and the newest run."""
    if not settings.mlflow_tracking_uri.get_secret_value():
        return
    try:
        runs = source(settings)
        experiments, newest = runs.experiments(), runs.newest(limit=1)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the finding
        found = error.problem if isinstance(error, RequestError) else _reason(error)
        yield Check("MLflow", well=False, found=found, remedy=MLFLOW_REMEDY)
        return
    count = f"{len(experiments)} experiment{'' if len(experiments) == 1 else 's'}"
    last = f"; the newest run is {newest[0].name or newest[0].run_id}" if newest else "; no run is logged yet"
    yield Check("MLflow", well=True, found=f"answers, with {count}{last}")
    yield from _statistics(settings.mlflow_tracking_uri.get_secret_value())
    if settings.people:
        yield _permissions(runs)


def _permissions(runs: RunSource) -> Check:
    """Whether MLflow tells the bot's account what other users may read."""
    try:
        cast("PermissionSource", runs).permissions_of("nobody of this name")
    except Exception as error:  # noqa: BLE001 -- as above
        found = error.problem if isinstance(error, RequestError) else _reason(error)
        remedy = "MLCOMPARE_PEOPLE needs an MLflow with basic auth, and an account of the bot that is an admin there"
        return Check("MLCOMPARE_PEOPLE", well=False, found=f"cannot be used: {found}", remedy=remedy)
    return Check("MLCOMPARE_PEOPLE", well=True, found="is used: MLflow tells what each person may read")


def _statistics(uri: str) -> Findings:
    """Whether an SQLite store knows its own statistics: without them reading a curve reads every curve of its name."""
    from comparison.tracking.local_store import read_schema, sqlite_path

    path = sqlite_path(uri)
    try:
        schema = read_schema(path) if path else None
    except Exception:  # noqa: BLE001 -- that it answers was found out above
        return
    if schema is not None and "sqlite_stat1" not in schema.tables:
        found = "has no statistics: curves are read more slowly than they need to be, until `sqlite3 mlflow.db ANALYZE`"
        yield Check("MLflow's SQLite file", well=True, found=found)


def of_ui(settings: Settings) -> Findings:
    """Whether something answers where links will lead; a login page is an answer."""
    if not settings.ui_url:
        if settings.mlflow_tracking_uri.get_secret_value():
            remedy = f"Set MLFLOW_UI_URL to {SOURCES['MLFLOW_UI_URL']}"
            yield Check("MLFLOW_UI_URL", well=False, found="is not set: messages have no links", remedy=remedy)
        return
    yield from _workspaces(settings)
    remedy = f"Open it in your browser. MLFLOW_UI_URL is {SOURCES['MLFLOW_UI_URL']}"
    parts = urlsplit(settings.ui_url)
    page = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/"))
    try:
        with urllib.request.urlopen(page, timeout=10) as answer:  # noqa: S310 -- http(s) by settings
            kind = answer.headers.get_content_type()
    except urllib.error.HTTPError as error:
        well = error.code in {401, 403}
        found = f"{settings.ui_url} answers {error.code}{' (asks for a login)' if well else ''}"
        yield Check("MLflow UI", well=well, found=found, remedy="" if well else remedy)
    except OSError as error:
        found = f"{settings.ui_url} cannot be reached from here ({_reason(error)})"
        yield Check("MLflow UI", well=False, found=found, remedy=remedy)
    else:
        well = kind == "text/html"
        found = f"{settings.ui_url} answers" + ("" if well else f" with {kind}, which is not a page")
        yield Check("MLflow UI", well=well, found=found, remedy="" if well else remedy)


def _workspaces(settings: Settings) -> Findings:
    """Whether links lead to the workspace that the bot reads."""
    read, linked = settings.mlflow_workspace or "default", workspace_of(settings.ui_url)
    if linked and linked != read:
        found = f"leads to the workspace {linked}, and the bot reads {read}"
        remedy = "Set MLFLOW_WORKSPACE to the one to read, and leave it out of MLFLOW_UI_URL"
        yield Check("MLFLOW_UI_URL", well=False, found=found, remedy=remedy)


def _reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    inner = getattr(error, "orig", None) or getattr(error, "reason", None) or error
    return " ".join(f"{type(inner).__name__}: {inner}".split())[:300]


def examine(source: Callable[[Settings], RunSource]) -> Iterator[Check]:
    """Checks everything, in the order in which it is set up: names what is not set, tests what is."""
    settings, wrong = survey()
    yield from of_settings((*missing(), *wrong))
    yield from of_bot_token(settings)
    yield from of_workspaces(settings)
    yield from of_app_token(settings)
    yield from of_signing_secret(settings)
    yield from of_mlflow(settings, source)
    yield from of_ui(settings)
    if not any(problem.name == "DATABASE_URL" for problem in wrong):
        yield from of_database(settings)
        yield from of_installations(settings)


def forget_refusals(settings: Settings) -> str:
    """Clears what the database knows of blocks that were refused; says in a line what was done."""
    from datetime import UTC, datetime

    from bot.store.claims import StoredCapabilities
    from bot.store.database import open_database

    engine = open_database(settings.database_url.get_secret_value())
    try:
        StoredCapabilities(engine, lambda: datetime.now(UTC)).forget()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the answer
        return f"Nothing to forget: the database cannot be used ({_reason(error)}).\n"
    finally:
        engine.dispose()
    return "Forgot which blocks were refused: the next message is drawn whole.\n"


def _line(finding: Check) -> str:
    mark = click.style("✓", fg="green") if finding.well else click.style("✗", fg="red")
    remedy = f"\n    → {finding.remedy}" if finding.remedy and not finding.well else ""
    return f"{mark} {finding.what} {written_out(bare(finding.found))}{remedy}"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.option("--forget", is_flag=True, help="Forget which blocks Slack refused: the next message is drawn whole.")
@click.pass_context
def check(context: click.Context, *, as_json: bool, forget: bool) -> None:
    """Test every setting, token, scope and server, and say what to do about each failure."""
    from bot.app import lazy_runs

    settings, _ = survey()
    if forget:
        click.echo(forget_refusals(settings))
    redact = Redaction(settings.secrets)
    findings = []
    for finding in examine(lazy_runs):
        findings.append(finding)
        if not as_json:
            click.echo(redact(_line(finding)))
    well = all(each.well for each in findings)
    if as_json:
        document = {"well": well, "findings": [asdict(each) for each in findings]}
        click.echo(redact(json_text(document)))
    else:
        failed = sum(not each.well for each in findings)
        problems = f"{failed} problem{'' if failed == 1 else 's'}"
        click.echo("\nAll is well: start it with `mlcompare serve`." if well else f"\n{problems}.")
    context.exit(0 if well else 1)
