"""`mlcompare manifest`: the Slack app, to paste at api.slack.com/apps → Create New App → From a manifest."""

import json
import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import click

NEEDED = ("commands", "chat:write", "app_mentions:read", "im:history")
WHO = "users:read"  # without it guests are not told from members
SCOPES = (*NEEDED, WHO)
OPTIONAL = ("channels:read", "groups:read", "channels:history", "groups:history", "users:read.email", "files:write")
EVENTS = ("app_home_opened", "app_mention", "message.im")
LINKS, LINK_EVENT = ("links:read", "links:write"), "link_shared"  # for links to MLflow that unfold
LEAVING = (
    "app_uninstalled",
    "tokens_revoked",
    "team_access_revoked",
    "team_access_granted",
)  # where several workspaces have the app
SHORTCUTS = (
    ("Compare runs…", "global", "compare_runs", "Choose runs from lists, and where to post the comparison"),
    ("Compare linked runs", "message", "compare_message", "Compare the runs that this message links or names"),
)
LONG = (
    "Type two run names and read whether the second is better: which metrics improved or got worse and by how much, "
    "what changed in the parameters, what to be careful about, and links into MLflow. Use the slash command, mention "
    "the app in a channel or thread, or write to it directly. It reads only the MLflow server that your team set up."
)

_SHORTCUT = ("name", "type", "callback_id", "description")


def slack_app(  # noqa: PLR0913, PLR0917 -- one for each thing that differs
    command: str = "/mlcompare",
    name: str = "mlcompare",
    url: str = "",
    also: Sequence[str] = (),
    links: str = "",
    public_url: str = "",
) -> dict[str, Any]:
    """The manifest: Socket Mode, or HTTP at `url` (the bot's own address, without a path); `also` are more scopes.

    `links` is the host whose links unfold, as Slack takes it; "" for none. `public_url` is where workspaces install
    the app by themselves; "" where one workspace has it.
    """
    scopes = [*SCOPES, *(LINKS if links else ()), *also]
    events = [*EVENTS, *([LINK_EVENT] if links else []), *(LEAVING if public_url else ())]
    install = {"redirect_urls": [f"{public_url}/slack/oauth_redirect"]} if public_url else {}
    place = {"request_url": f"{url}/slack/events"} if url else {}
    lists = {"message_menu_options_url": f"{url}/slack/events"} if url else {}
    slash = {
        "command": command,
        "description": "Compare MLflow runs",
        "usage_hint": "run A vs run B",
        "should_escape": True,
        **({"url": f"{url}/slack/events"} if url else {}),
    }
    return {
        "_metadata": {"major_version": 2, "minor_version": 0},
        "display_information": {
            "name": name,
            "description": "See whether one ML run is better than another, and why",
            "long_description": LONG,
            "background_color": "#0b3d5c",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "shortcuts": [dict(zip(_SHORTCUT, each, strict=True)) for each in SHORTCUTS],
            "slash_commands": [slash],
            **({"unfurl_domains": [links]} if links else {}),
        },
        "oauth_config": {**install, "scopes": {"bot": list(dict.fromkeys(scopes))}},
        "settings": {
            "event_subscriptions": {**place, "bot_events": events},
            "interactivity": {"is_enabled": True, **place, **lists},
            "org_deploy_enabled": bool(public_url),
            "socket_mode_enabled": not url,
            "token_rotation_enabled": bool(public_url),
        },
    }


_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")


def unfurl_domain(ui_url: str) -> tuple[str, str]:
    """The host whose links can unfold, as Slack takes it; else "" and why not."""
    if not ui_url:
        return "", "MLFLOW_UI_URL is not set"
    try:
        parts = urlsplit(ui_url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port = "", None
    if port:
        why = f"Slack takes no host with a port, as {host}:{port}; give MLflow an address without one"
    elif _is_number(host):
        why = f"Slack takes names of hosts, and {host} is a number; give MLflow a name in your DNS"
    elif not _DOMAIN.fullmatch(host):
        why = f"Slack takes full names of hosts, as mlflow.example.com, and {host or 'MLFLOW_UI_URL'} is none"
    else:
        return host, ""
    return "", why


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(host) and host.replace(".", "").isdecimal()
    return True


def as_yaml(value: Any, indent: str = "") -> str:
    """YAML of dicts, lists and scalars; text is quoted as in JSON, which YAML reads alike."""
    if isinstance(value, dict):
        return "".join(f"{indent}{key}:{_below(each, indent)}" for key, each in value.items())
    return "".join(
        f"{indent}- {as_yaml(each, indent + '  ').lstrip() if _nests(each) else _scalar(each)}" for each in value
    )


def _below(value: Any, indent: str) -> str:
    return "\n" + as_yaml(value, indent + "  ") if _nests(value) else " " + _scalar(value)


def _nests(value: Any) -> bool:
    return isinstance(value, dict | list)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme != "https" or not parts.hostname):
        raise click.BadParameter("Slack calls only addresses that start with https://")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/slack/events')}" if value else ""


def _slash(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not value.startswith("/") or len(value.split()) != 1 or not 2 <= len(value) <= 32 or value != value.lower():
        raise click.BadParameter("a command is one lower-case word of at most 32 characters that starts with /")
    return value


def _short(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not 1 <= len(value.strip()) <= 35:
        raise click.BadParameter("the name of a Slack app has at most 35 characters")
    return value.strip()


@click.command()
@click.option("--url", default="", callback=_address, help="The bot's public https:// address; without: Socket Mode.")
@click.option(
    "--command",
    default="/mlcompare",
    envvar="MLCOMPARE_COMMAND",
    show_default=True,
    callback=_slash,
    help="The slash command; set MLCOMPARE_COMMAND to the same for `serve`.",
)
@click.option("--name", default="mlcompare", show_default=True, callback=_short, help="The app's name in Slack.")
@click.option(
    "--also", multiple=True, type=click.Choice(OPTIONAL), help="One more scope, for what docs/slack-app.md says of it."
)
@click.option(
    "--ui-url", default="", metavar="URL", help="Where people open MLflow, for links that unfold [MLFLOW_UI_URL]."
)
@click.option(
    "--workspaces", is_flag=True, help="For several workspaces, that install it by themselves [SLACK_CLIENT_ID]."
)
@click.option("--format", "form", type=click.Choice(["json", "yaml"]), default="json", show_default=True)
def manifest(  # noqa: PLR0913 -- its options
    *, url: str, command: str, name: str, also: tuple[str, ...], ui_url: str, workspaces: bool, form: str
) -> None:
    """Print the Slack app manifest; paste it at api.slack.com/apps → Create New App → From a manifest."""
    from bot.settings import survey

    settings = survey()[0]
    public_url = (settings.public_url or url) if workspaces or settings.serves_workspaces else ""
    if workspaces and not public_url:
        raise click.UsageError("Where do workspaces install it? Set MLCOMPARE_PUBLIC_URL, or give --url.")
    host, why_not = unfurl_domain(ui_url or settings.ui_url)
    if why_not:
        click.echo(f"Links to MLflow will not unfold in Slack: {why_not}.", err=True)
    made = slack_app(command, name, url, (*also, *(settings.more_scopes if public_url else ())), host, public_url)
    click.echo(as_yaml(made).rstrip() if form == "yaml" else json.dumps(made, indent=2, ensure_ascii=False))
