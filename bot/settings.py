"""Settings: the environment, read once; every gap is named at once, with where to get the value."""

import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

# Where each value comes from: said when it is absent or wrong.
SOURCES = {
    "SLACK_BOT_TOKEN": "api.slack.com/apps → your app → OAuth & Permissions → Bot User OAuth Token (starts with xoxb-)",
    "SLACK_SIGNING_SECRET": "api.slack.com/apps → your app → Basic Information → App Credentials → Signing Secret",
    "SLACK_APP_TOKEN": "api.slack.com/apps → your app → Basic Information → App-Level Tokens → Generate, "
    "with the scope connections:write (starts with xapp-)",
    "SLACK_CLIENT_ID": "api.slack.com/apps → your app → Basic Information → App Credentials → Client ID",
    "SLACK_CLIENT_SECRET": "api.slack.com/apps → your app → Basic Information → App Credentials → Client Secret",
    "SLACK_API_URL": "leave it out, unless Slack is reached through a proxy: https://slack.com/api/",
    "MLFLOW_TRACKING_URI": "the address of your MLflow server, as your training code has it, "
    "for example http://mlflow.internal:5000",
    "MLFLOW_UI_URL": "the address people open MLflow at in their browser, for example https://mlflow.example.com",
    "MLFLOW_WORKSPACE": "leave it out, unless your MLflow server has workspaces: the name of the one to read",
    "DATABASE_URL": "leave it out for a file, or: postgresql://user:password@host:5432/database",
    "PORT": "a number from 0 to 65535, for example 3000 (0: the system chooses)",
    "MLCOMPARE_HOST": "the address to listen on, for example 0.0.0.0 or 127.0.0.1",
    "MLCOMPARE_WORKERS": "a number from 1 to 256, for example 48",
    "MLCOMPARE_PER_PERSON": "a number from 1 to 5000, for example 250",
    "MLCOMPARE_MLFLOW_TIMEOUT": "seconds from 0.5 to 120, for example 10",
    "MLCOMPARE_COMMAND": "the slash command of your app, for example /mlcompare",
    "MLCOMPARE_DRAIN_SECONDS": "seconds from 0 to 600, for example 25",
    "MLCOMPARE_TAKEOVER_SECONDS": "seconds from 3 to 600, for example 30",
    "MLCOMPARE_SOCKET_PATIENCE": "seconds from 1 to 86400, for example 300",
    "MLCOMPARE_NOTIFIER": "on, or off where `mlcompare notify` runs beside it",
    "MLCOMPARE_POLL_SECONDS": "seconds from 1 to 3600, for example 15",
    "MLCOMPARE_COLLAPSE_AFTER": "a number from 1 to 100, for example 5",
    "MLCOMPARE_RULES_URL": "the address at which your team reads docs/judgement.md; answers link to it",
    "MLCOMPARE_ANSWER_BOTS": "on, where Workflows and other apps that mention the bot are to be answered; or off",
    "MLCOMPARE_EXTERNAL_PEOPLE": "refuse, guests (who may then ask, too) or allow (whoever asks is answered)",
    "MLCOMPARE_ADMINS": "ids of people who may set who sees what, beside Slack's admins, as U024BE7LH, U0G9QF9C6 "
    "(a person's profile in Slack → ⋮ → Copy member ID)",
    "MLCOMPARE_PEOPLE": "leave it out, unless your MLflow has users of its own: email, where they are called as in "
    "Slack's e-mail addresses; or pairs such as U024BE7LH=maya; or both, with commas between",
    "MLCOMPARE_PUBLIC_URL": "the https:// address at which browsers reach the bot, for example "
    "https://mlcompare.example.com",
    "MLCOMPARE_TOKEN_KEYS": "`mlcompare workspaces new-key` prints one; the newest first where there are several, "
    "with commas between",
    "MLCOMPARE_WORKSPACES": "ids of the workspaces and organisations that may install it, as T024BE7LD, E012A3BC4 "
    "(the address of Slack in a browser has it); or any",
    "MLCOMPARE_SCOPES": "more scopes for workspaces to grant, as channels:read, groups:read; "
    "the app's manifest has to name them, too",
    "MLCOMPARE_ACCESS": "all, or none: what a channel may see for which no admin made a rule",
    "MLCOMPARE_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "MLCOMPARE_LOG_FORMAT": "text or json",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "leave it out, or the address of a collector that takes OTLP over HTTP, "
    "for example http://collector:4318",
    "OTEL_EXPORTER_OTLP_HEADERS": "what the collector wants in its requests, as name=value, with commas between",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "as OTEL_EXPORTER_OTLP_HEADERS, for traces alone",
    "MLCOMPARE_METRICS": "off; on (at /metrics, on PORT); or the number of a port of its own, for example 9464",
}


_HIGHEST_PORT = 65_535
EMAIL = "email"  # whoever is called in MLflow as their e-mail address in Slack
_PERSON = re.compile(r"[UW][A-Z0-9]{2,30}")
_WORKSPACE = re.compile(r"[TE][A-Z0-9]{2,30}")
_SCOPE = re.compile(r"[a-z_]+(?:[:.][a-z_]+){0,2}")
ANY = "any"  # every workspace may install the app
_KEY_BYTES = 32


@dataclass(frozen=True)
class SettingProblem:
    """A setting that is absent or looks wrong. Holds no value, so it can be printed."""

    name: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} {self.problem}\n    → {self.remedy}"


class SettingsError(Exception):
    """Settings that are absent or look wrong; `problems` names all of them."""

    def __init__(self, problems: Iterable[SettingProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["The settings are not complete:", *(f"  {each}" for each in self.problems)]))


def _token(prefix: str, kind: str) -> Any:
    others = {
        "xoxb-": "a bot token; it belongs in SLACK_BOT_TOKEN",
        "xapp-": "an app-level token; it belongs in SLACK_APP_TOKEN",
        "xoxp-": "a user token; the bot needs the bot token",
        "xoxe.": "a token that expires: token rotation is on, which takes SLACK_CLIENT_ID (docs/workspaces.md)",
    }

    def check(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text or (prefix and text.startswith(prefix)):
            return value
        found = next((what for start, what in others.items() if text.startswith(start)), "")
        if found:
            raise ValueError(f"looks wrong: this is {found}")
        if prefix:
            raise ValueError(f"looks wrong: {kind} starts with {prefix}")
        if len(text.split()) > 1:
            raise ValueError(f"looks wrong: {kind} has no spaces")
        return value

    return AfterValidator(check)


def _tracking(value: SecretStr) -> SecretStr:
    address = value.get_secret_value()
    if needs_scheme(address):
        raise ValueError("looks wrong: it has no http:// or https:// in front")
    if address.lower().startswith(("http://", "https://")) and not has_host(address):
        raise ValueError("looks wrong: in a password write %2F for /, %3F for ?, %23 for #, %5B for [ and %5D for ]")
    return value


def _database(value: SecretStr) -> SecretStr:
    return SecretStr(database_address(value.get_secret_value()))


def _command(value: str) -> str:
    if not value.startswith("/") or len(value.split()) != 1 or not 2 <= len(value) <= 32:
        raise ValueError("looks wrong: a command is one word of at most 32 characters that starts with /")
    return value.lower()


def _people(value: str) -> str:
    if not all(_PERSON.fullmatch(each) for each in words_of(value)):
        raise ValueError("looks wrong: a person's id in Slack starts with U or W and has capitals and digits only")
    return value


def _workspaces(value: str) -> str:
    if value.lower() == ANY:
        return ANY
    if not all(_WORKSPACE.fullmatch(each) for each in words_of(value)):
        raise ValueError("looks wrong: a workspace's id starts with T, an organisation's with E; or say any")
    return value


def _keys(value: SecretStr) -> SecretStr:
    for each in words_of(value.get_secret_value()):
        try:
            is_key = len(urlsafe_b64decode(each)) == _KEY_BYTES
        except ValueError:
            is_key = False
        if not is_key:
            raise ValueError("looks wrong: a key has 44 letters, digits, - and _, and ends with =")
    return value


def _scopes(value: str) -> str:
    if not all(_SCOPE.fullmatch(each) for each in words_of(value)):
        raise ValueError("looks wrong: scopes are written as channels:read, groups:read")
    return value


def words_of(value: str) -> tuple[str, ...]:
    """What stands between commas and spaces."""
    return tuple(value.replace(",", " ").split())


def _public(value: str) -> str:
    """The address without a slash at its end; without https only on this machine, for trying it out."""
    if not value:
        return ""
    address = web_address(value).rstrip("/")
    parts = urlsplit(address)
    if parts.query or parts.fragment:
        raise ValueError("looks wrong: it has something behind a ? or #")
    if parts.scheme.lower() != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise ValueError("looks wrong: Slack and its cookie want https://")
    return address


def _pair(entry: str) -> tuple[str, bool, str]:
    """An id in Slack, whether there is a pair, and the name in MLflow."""
    user, sign, name = (each.strip() for each in entry.partition("="))
    return user, bool(sign), name


def _mapping(value: str) -> str:
    for user, is_pair, name in map(_pair, value.split(",")) if value.strip() else ():
        if (is_pair and not (_PERSON.fullmatch(user) and name)) or (not is_pair and user.lower() != EMAIL):
            raise ValueError("looks wrong: it is neither email nor pairs such as U024BE7LH=maya")
    return value


def _collector(value: SecretStr) -> SecretStr:
    if value.get_secret_value():
        web_address(value.get_secret_value())
    return value


def _metrics(value: str) -> str:
    word = value.lower()
    if word not in {"on", "off"} and not (word.isascii() and word.isdecimal() and 0 < int(word) <= _HIGHEST_PORT):
        raise ValueError("looks wrong: it is neither off, nor on, nor a port")
    return word


def bare(value: Any) -> Any:
    """Text without the spaces and the pair of quotes that env files leave around it; anything else as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


Bare = BeforeValidator(bare)
Words = Annotated[str, Bare]
Secret = Annotated[SecretStr, Bare]


def page_address(value: str) -> str:
    """The address of a page, as it is; "" stays."""
    return value if not value or web_address(value) else ""


def ui_address(value: str) -> str:
    """The address of the MLflow UI without fragment or trailing slash; "" stays.

    People copy it with the workspace behind the `#`: that is kept, as what the address asks for.
    """
    return in_workspace(web_address(value.partition("#")[0]).rstrip("/"), workspace_of(value)) if value else ""


def web_address(value: str) -> str:
    """An http(s) address with one slash at its end, for joining names to."""
    if not value.lower().startswith(("http://", "https://")) or not has_host(value):
        raise ValueError("looks wrong: it is not an address that starts with https:// or http://")
    return value.rstrip("/") + "/"


class Settings(BaseSettings):
    """All settings. Secrets are SecretStr and never print; "" means not set."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )

    slack_bot_token: Annotated[Secret, _token("xoxb-", "a bot token")] = SecretStr("")
    slack_signing_secret: Annotated[Secret, _token("", "a signing secret")] = SecretStr("")
    slack_app_token: Annotated[Secret, _token("xapp-", "an app-level token")] = SecretStr("")
    slack_client_id: Words = ""
    slack_client_secret: Annotated[Secret, _token("", "a client secret")] = SecretStr("")
    slack_api_url: Annotated[Words, AfterValidator(web_address)] = "https://slack.com/api/"
    mlflow_tracking_uri: Annotated[Secret, AfterValidator(_tracking)] = SecretStr("")
    mlflow_ui_url: Annotated[Words, AfterValidator(ui_address)] = ""
    mlflow_workspace: Words = ""  # MLflow reads it by itself; known here to say it in links
    mlflow_tracking_password: Secret = SecretStr("")  # MLflow reads it by itself; known here to keep it out of logs
    mlflow_tracking_token: Secret = SecretStr("")  # likewise
    databricks_token: Secret = SecretStr("")  # likewise
    database_url: Annotated[Secret, AfterValidator(_database)] = SecretStr("sqlite:///.mlcompare/mlcompare.db")
    port: Annotated[int, Bare] = Field(default=3000, ge=0, le=65535)
    host: Words = Field(default="", validation_alias="MLCOMPARE_HOST")
    workers: Annotated[int, Bare] = Field(default=48, ge=1, le=256, validation_alias="MLCOMPARE_WORKERS")
    per_person: Annotated[int, Bare] = Field(default=250, ge=1, le=5000, validation_alias="MLCOMPARE_PER_PERSON")
    mlflow_timeout: Annotated[float, Bare] = Field(
        default=10, ge=0.5, le=120, validation_alias="MLCOMPARE_MLFLOW_TIMEOUT"
    )
    command: Annotated[Words, AfterValidator(_command)] = Field(
        default="/mlcompare", validation_alias="MLCOMPARE_COMMAND"
    )
    drain_seconds: Annotated[float, Bare] = Field(default=25, ge=0, le=600, validation_alias="MLCOMPARE_DRAIN_SECONDS")
    takeover_seconds: Annotated[float, Bare] = Field(
        default=30, ge=3, le=600, validation_alias="MLCOMPARE_TAKEOVER_SECONDS"
    )
    socket_patience: Annotated[float, Bare] = Field(
        default=300, ge=1, le=86400, validation_alias="MLCOMPARE_SOCKET_PATIENCE"
    )
    notifier: Annotated[Words, AfterValidator(str.lower)] = Field(
        default="on", validation_alias="MLCOMPARE_NOTIFIER", pattern="^(?i:on|off)$"
    )
    poll_seconds: Annotated[float, Bare] = Field(default=15, ge=1, le=3600, validation_alias="MLCOMPARE_POLL_SECONDS")
    collapse_after: Annotated[int, Bare] = Field(default=5, ge=1, le=100, validation_alias="MLCOMPARE_COLLAPSE_AFTER")
    rules_url: Annotated[Words, AfterValidator(page_address)] = Field(
        default="", validation_alias="MLCOMPARE_RULES_URL"
    )
    answer_bots: Annotated[Words, AfterValidator(str.lower)] = Field(
        default="off", validation_alias="MLCOMPARE_ANSWER_BOTS", pattern="^(?i:on|off)$"
    )
    external_people: Annotated[Words, AfterValidator(str.lower)] = Field(
        default="refuse", validation_alias="MLCOMPARE_EXTERNAL_PEOPLE", pattern="^(?i:refuse|guests|allow)$"
    )
    admins: Annotated[Words, AfterValidator(_people)] = Field(default="", validation_alias="MLCOMPARE_ADMINS")
    people: Annotated[Words, AfterValidator(_mapping)] = Field(default="", validation_alias="MLCOMPARE_PEOPLE")
    access: Annotated[Words, AfterValidator(str.lower)] = Field(
        default="all", validation_alias="MLCOMPARE_ACCESS", pattern="^(?i:all|none)$"
    )
    public_url: Annotated[Words, AfterValidator(_public)] = Field(default="", validation_alias="MLCOMPARE_PUBLIC_URL")
    token_keys: Annotated[Secret, AfterValidator(_keys)] = Field(
        default=SecretStr(""), validation_alias="MLCOMPARE_TOKEN_KEYS"
    )
    workspaces: Annotated[Words, AfterValidator(_workspaces)] = Field(
        default="", validation_alias="MLCOMPARE_WORKSPACES"
    )
    scopes: Annotated[Words, AfterValidator(_scopes)] = Field(default="", validation_alias="MLCOMPARE_SCOPES")
    log_level: Annotated[Words, AfterValidator(str.upper)] = Field(
        default="INFO", validation_alias="MLCOMPARE_LOG_LEVEL", pattern="^(?i:DEBUG|INFO|WARNING|ERROR)$"
    )

    log_format: Annotated[Words, AfterValidator(str.lower)] = Field(
        default="text", validation_alias="MLCOMPARE_LOG_FORMAT", pattern="^(?i:text|json)$"
    )
    metrics: Annotated[Words, AfterValidator(_metrics)] = Field(default="off", validation_alias="MLCOMPARE_METRICS")
    otlp_endpoint: Annotated[Secret, AfterValidator(_collector)] = Field(
        default=SecretStr(""), validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    # The exporter reads these by itself; known here to keep them out of logs.
    otlp_headers: Secret = Field(default=SecretStr(""), validation_alias="OTEL_EXPORTER_OTLP_HEADERS")
    otlp_traces_headers: Secret = Field(default=SecretStr(""), validation_alias="OTEL_EXPORTER_OTLP_TRACES_HEADERS")

    @property
    def metrics_port(self) -> int | None:
        """The port of their own that metrics are read at; None where they have none."""
        return int(self.metrics) if self.metrics.isdecimal() else None

    @property
    def socket_mode(self) -> bool:
        return bool(self.slack_app_token.get_secret_value())

    @property
    def serves_workspaces(self) -> bool:
        """Whether workspaces install the app by themselves (OAuth); with a bot token there is one workspace."""
        return bool(self.slack_client_id) and not self.slack_bot_token.get_secret_value()

    @property
    def more_scopes(self) -> tuple[str, ...]:
        """Scopes that workspaces are asked for beside those of the manifest."""
        return words_of(self.scopes)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of tokens, the newest first."""
        return words_of(self.token_keys.get_secret_value())

    def may_install(self, *ids: str | None) -> bool:
        """Whether a workspace, or the organisation it is of, may install the app."""
        return self.workspaces == ANY or bool(set(words_of(self.workspaces)) & set(filter(None, ids)))

    @property
    def listens_on(self) -> str:
        """Default address to listen at: over HTTP Slack has to reach us, in Socket Mode nobody from outside."""
        everywhere = "0.0.0.0"  # noqa: S104 -- a container is reached from outside
        return self.host or ("127.0.0.1" if self.socket_mode else everywhere)

    @property
    def notifies(self) -> bool:
        """Whether `serve` also tells channels of runs that end."""
        return self.notifier == "on"

    @property
    def answers_bots(self) -> bool:
        """Whether a Workflow or another app that mentions the bot is answered."""
        return self.answer_bots == "on"

    @property
    def admin_ids(self) -> frozenset[str]:
        """Ids of people who may set who sees what, whatever Slack says of them."""
        return frozenset(words_of(self.admins))

    @property
    def mlflow_users(self) -> dict[str, str]:
        """Names of people in MLflow by their ids in Slack, as far as the settings say."""
        return {user: name for user, is_pair, name in map(_pair, self.people.split(",")) if is_pair}

    @property
    def asks_by_email(self) -> bool:
        """Whether people are in MLflow whose user there is called as their e-mail address in Slack."""
        return EMAIL in (each.strip().lower() for each in self.people.split(","))

    @property
    def is_strict(self) -> bool:
        """Whether a channel without a rule may see nothing."""
        return self.access == "none"

    @property
    def ui_url(self) -> str:
        """The address people open MLflow at, without a trailing slash or credentials; "" when it cannot be known.

        It asks for the workspace that the bot reads, unless it was set with another.
        """
        if self.mlflow_ui_url:
            return in_workspace(self.mlflow_ui_url, self.mlflow_workspace)
        parts = urlsplit(self.mlflow_tracking_uri.get_secret_value())
        if parts.scheme not in {"http", "https"}:
            return ""
        site = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        return in_workspace(site, self.mlflow_workspace)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must never be printed: tokens, and passwords inside addresses."""
        whole = (
            self.slack_bot_token,
            self.slack_signing_secret,
            self.slack_app_token,
            self.slack_client_secret,
            self.mlflow_tracking_password,
            self.mlflow_tracking_token,
            self.databricks_token,
        )
        inside = {
            _password(self.mlflow_tracking_uri.get_secret_value()),
            _password(self.otlp_endpoint.get_secret_value()),
            *self._database_passwords(),
            *_header_values(self.otlp_headers.get_secret_value()),
            *_header_values(self.otlp_traces_headers.get_secret_value()),
        }
        written = {form for text in inside for form in (text, unquote(text), quote(text, safe=""))}
        values = (each.get_secret_value() for each in whole)
        return tuple(text for text in (*values, *self.keys, *sorted(written)) if text)

    def _database_passwords(self) -> tuple[str, ...]:
        address = self.database_url.get_secret_value()
        given = {} if address.startswith("sqlite") else postgres_parameters(address)
        return tuple(given.get(name, "") for name in ("password", "sslpassword"))


def _password(address: str) -> str:
    return urlsplit(address).netloc.rpartition("@")[0].partition(":")[2]


def _header_values(headers: str) -> tuple[str, ...]:
    """The values of headers as OpenTelemetry's variables write them, and the last word of each: the token itself."""
    values = [unquote(each.partition("=")[2].strip()) for each in headers.split(",")]
    return tuple(form for value in values for form in (value, value.rpartition(" ")[2]))


def survey() -> tuple[Settings, tuple[SettingProblem, ...]]:
    """The settings as far as they can be used, and what is wrong with the others (which stand at their defaults)."""
    try:
        return Settings(), ()
    except ValidationError as error:
        wrong = {str(each["loc"][0]): _said(each["msg"]) for each in error.errors(include_input=False)}
    defaults = {
        name: field.get_default()
        for name, field in Settings.model_fields.items()
        if name in wrong or str(field.validation_alias) in wrong
    }
    problems = (SettingProblem(name.upper(), message, SOURCES[name.upper()]) for name, message in wrong.items())
    return Settings(**defaults), tuple(problems)


def _said(message: str) -> str:
    own = message.removeprefix("Value error, ")
    return own if own != message else f"looks wrong: {message[:1].lower()}{message[1:]}"


OAUTH = (
    *("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"),
    *("MLCOMPARE_PUBLIC_URL", "MLCOMPARE_TOKEN_KEYS", "MLCOMPARE_WORKSPACES"),
)  # what several workspaces need in place of a bot token


def unspoken() -> tuple[SettingProblem, ...]:
    """What `notify`, which hears nothing of Slack, cannot do without and the environment does not have."""
    speaking = OAUTH if _is_set("SLACK_CLIENT_ID") and not _is_set("SLACK_BOT_TOKEN") else ("SLACK_BOT_TOKEN",)
    gaps = [name for name in (*speaking, "MLFLOW_TRACKING_URI") if not _is_set(name)]
    return tuple(SettingProblem(name, "is not set", SOURCES[name]) for name in gaps)


def missing() -> tuple[SettingProblem, ...]:
    """What `serve` cannot do without and the environment does not have."""
    problems = [*unspoken()]
    if not _is_set("SLACK_APP_TOKEN") and not _is_set("SLACK_SIGNING_SECRET"):
        either = f"{SOURCES['SLACK_APP_TOKEN']}; or, for HTTP, SLACK_SIGNING_SECRET: {SOURCES['SLACK_SIGNING_SECRET']}"
        problems.append(SettingProblem("SLACK_APP_TOKEN", "is not set (for Socket Mode)", either))
    return tuple(problems)


def _is_set(name: str) -> bool:
    return bool(bare(os.environ.get(name, "")))


def read(gaps: Callable[[], tuple[SettingProblem, ...]] = missing) -> Settings:
    """The settings a process needs, or SettingsError with every gap."""
    settings, wrong = survey()
    problems = (*gaps(), *wrong)
    if problems:
        raise SettingsError(problems)
    return settings


# Addresses as people write them in settings, made into the ones that are used.


POSTGRES = {"postgres", "postgresql", "postgresql+pg8000", "postgresql+psycopg", "postgresql+psycopg2"}
# What an address may say of a connection besides who, where and which database; other words are for other programs.
_OPTIONS = {
    *("application_name", "options", "target_session_attrs", "load_balance_hosts", "channel_binding", "require_auth"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation", "sslsni"),
    *("ssl_min_protocol_version", "gssencmode", "krbsrvname", "passfile", "service"),
}
_PARTS = ("user", "password", "host", "port", "dbname")  # may stand behind the ? too
_HOSTS = r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.%~-]*)(?::\d{0,5})?"
_PLACE = rf"(?P<hosts>{_HOSTS}(?:,{_HOSTS})*)(?:/(?P<dbname>[^/?#@]*))?"
_PLAIN = re.compile(rf"(?:(?P<user>[^:/?#@]*)(?::(?P<password>[^/?#@]*))?@)?{_PLACE}(?:\?(?P<query>[^#]*))?")
_ODD = re.compile(rf"(?P<user>[^:/?#]*)(?::(?P<password>.*))?@{_PLACE}(?:\?(?P<query>[^#@]*))?", re.DOTALL)
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:\d{1,5}(/.*)?")
_MEMORY = {"", "/", "/:memory:"}


def needs_scheme(address: str) -> bool:
    """Whether this is a host and port that was meant to start with http://."""
    return bool(_HOST_AND_PORT.fullmatch(address)) or address.startswith("//")


def has_host(address: str) -> bool:
    """Whether a host and its port can be read; not so where a password holds a character that must be quoted."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # holds what it could not read: never to be shown
        return False


def workspace_of(address: str) -> str:
    """The MLflow workspace that an address asks for, before or behind its `#`; "" when it says none."""
    before, _, route = address.partition("#")
    names = (dict(parse_qsl(part.partition("?")[2])).get("workspace", "").strip() for part in (route, before))
    return next(filter(None, names), "")


def in_workspace(address: str, workspace: str) -> str:
    """The address asking for this MLflow workspace, unless it asks for one already; "" is no workspace."""
    if not address or not workspace or workspace_of(address):
        return address
    return f"{address}{'&' if '?' in address else '?'}workspace={quote(workspace, safe='')}"


def database_address(value: str) -> str:
    """The SQLAlchemy address of an SQLite file or of PostgreSQL through psycopg, each part of it quoted."""
    scheme, separator, _ = value.partition("://")
    scheme = scheme.lower() if separator else ""
    if scheme == "sqlite":
        parts = urlsplit(value)
        if parts.netloc or parts.path in _MEMORY:
            raise ValueError(
                "looks wrong: name a file, as in sqlite:///mlcompare.db or sqlite:////var/lib/mlcompare.db"
            )
        return value
    if scheme not in POSTGRES:
        raise ValueError("looks wrong: it starts neither with postgresql:// nor with sqlite:///")
    given = postgres_parameters(value)
    user, password, host, port, dbname = (given.pop(name, "") for name in _PARTS)
    if re.fullmatch(r"[\w.-]*", host) and "," not in port:
        place = f"{host}:{port}" if port else host
    else:  # a folder, several hosts, an IPv6 address
        given, place = {"host": host, **({"port": port} if port else {}), **given}, ""
    secret = f":{quote(password, safe='')}" if password else ""
    who = f"{quote(user, safe='')}{secret}@" if user or password else ""
    query = f"?{urlencode(given, quote_via=quote, safe='/')}" if given else ""
    return f"postgresql+psycopg://{who}{place}/{quote(dbname, safe='')}{query}"


def postgres_parameters(address: str) -> dict[str, str]:
    """What libpq is told by a PostgreSQL address, by libpq's names; what is not said is not there.

    A password may hold any character, also those that an address wants quoted: the host stands behind the last @.
    """
    rest = address.partition("://")[2]
    found = _PLAIN.fullmatch(rest)
    if found is None or not _is_said(found["query"] or ""):
        found = _ODD.fullmatch(rest)
    if found is None:
        raise ValueError("looks wrong: it is not postgresql://user:password@host:5432/database")
    hosts = [_host_and_port(each) for each in found["hosts"].split(",")]
    parameters = {
        "user": found["user"],
        "password": found["password"],
        "host": ",".join(host for host, _ in hosts),
        "port": ",".join(port for _, port in hosts) if any(port for _, port in hosts) else "",
        "dbname": found["dbname"],
    }
    options = dict(each.partition("=")[::2] for each in (found["query"] or "").split("&"))
    parameters |= {name: text for name, text in options.items() if name in {*_PARTS, *_OPTIONS}}
    return {name: unquote(text) for name, text in parameters.items() if text}


def _host_and_port(text: str) -> tuple[str, str]:
    host, _, port = text.rpartition(":") if re.search(r":\d*$", text) and not text.endswith("]") else (text, "", "")
    return host.strip("[]"), port


def _is_said(query: str) -> bool:
    """Whether these are options, and not the end of a password with a ? in it."""
    return "@" not in query or all(each.partition("=")[0] in {*_PARTS, *_OPTIONS} for each in query.split("&"))
