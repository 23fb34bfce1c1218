"""Addresses as people write them in settings, made into the ones that are used."""

import re
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

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


def bare(value: Any) -> Any:
    """Text without the spaces and the pair of quotes that env files leave around it; anything else as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


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


def web_address(value: str) -> str:
    """An http(s) address with one slash at its end, for joining names to."""
    if not value.lower().startswith(("http://", "https://")) or not has_host(value):
        raise ValueError("looks wrong: it is not an address that starts with https:// or http://")
    return value.rstrip("/") + "/"


def page_address(value: str) -> str:
    """The address of a page, as it is; "" stays."""
    return value if not value or web_address(value) else ""


def ui_address(value: str) -> str:
    """The address of the MLflow UI without fragment or trailing slash; "" stays."""
    return web_address(value.partition("#")[0]).rstrip("/") if value else ""


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
    told = {
        "user": found["user"],
        "password": found["password"],
        "host": ",".join(host for host, _ in hosts),
        "port": ",".join(port for _, port in hosts) if any(port for _, port in hosts) else "",
        "dbname": found["dbname"],
    }
    options = dict(each.partition("=")[::2] for each in (found["query"] or "").split("&"))
    told |= {name: text for name, text in options.items() if name in {*_PARTS, *_OPTIONS}}
    return {name: unquote(text) for name, text in told.items() if text}


def _host_and_port(text: str) -> tuple[str, str]:
    host, _, port = text.rpartition(":") if re.search(r":\d*$", text) and not text.endswith("]") else (text, "", "")
    return host.strip("[]"), port


def _is_said(query: str) -> bool:
    """Whether these are options, and not the end of a password with a ? in it."""
    return "@" not in query or all(each.partition("=")[0] in {*_PARTS, *_OPTIONS} for each in query.split("&"))
