"""What MLflow lets its users read: by its grants, and as a real server with basic auth tells it."""

import base64
import json
from http.client import HTTPConnection

import pytest

from comparison.errors import TrackingUnavailable
from comparison.library import MlflowRuns
from comparison.tracking.visibility import Grant, Permissions, read_grants, without_grant
from tests.mlflow_server import MlflowServer
from tests.mlflow_store import new_store


def on(pattern, permission, resource="experiment"):
    return Grant(resource, pattern, permission)


@pytest.mark.parametrize(
    ("permissions", "readable"),
    [
        (Permissions(is_admin=True), True),
        (Permissions(), False),
        (Permissions(reads_others=True), True),
        (Permissions((on("7", "READ"),)), True),
        (Permissions((on("7", "USE"),)), True),
        (Permissions((on("7", "NO_PERMISSIONS"),), reads_others=True), False),
        (Permissions((on("7", "DENY"), on("*", "MANAGE")), reads_others=True), False),
        (Permissions((on("8", "DENY"), on("*", "READ"))), True),
        (Permissions((on("8", "MANAGE"),)), False),
        (Permissions((on("7", "MANAGE", "registered_model"),)), False),
        (Permissions((on("*", "MANAGE", "workspace"), on("7", "DENY"))), True),
        (Permissions((on("*", "USE", "workspace"),)), False),
        (Permissions((on("7", "SOMETHING_NEW"),), reads_others=True), False),
    ],
)
def test_an_experiment_is_read_by_who_has_a_grant_for_it_else_by_the_default(permissions, readable):
    assert permissions.may_read("7") is readable


def test_grants_of_other_workspaces_are_of_no_account():
    row = {"resource_type": "experiment", "resource_pattern": "7", "permission": "READ"}
    rows = [{**row, "workspace": "blue"}, {**row, "workspace": "default", "permission": "DENY"}]
    assert read_grants(rows, "blue") == (on("7", "READ"),)
    assert read_grants([{}], "blue") == (Grant("None", "None", "None"),)


def test_the_default_is_asked_for_an_experiment_that_no_grant_speaks_of():
    assert without_grant([on("1", "READ")], ["1", "2"]) == "2"
    assert without_grant([on("*", "READ")], ["1", "2"]) == ""


# A real server


SECRET = "correct-horse-9"
INI = """
[mlflow]
default_permission = {default}
database_uri = sqlite:///{folder}/auth.db
admin_username = admin
admin_password = {secret}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
"""


def ask_auth(server, path, **body):
    """An admin's request to what MLflow has for its users."""
    headers = {
        "content-type": "application/json",
        "authorization": "Basic " + base64.b64encode(f"admin:{SECRET}".encode()).decode(),
    }
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert answer.status == 200, told
    return told


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with basic auth: maya may edit iris, may not see vault, and reads the rest by default."""
    folder = tmp_path_factory.mktemp("auth")
    ini = folder / "auth.ini"
    ini.write_text(INI.format(default="READ", folder=folder, secret=SECRET))
    server = MlflowServer(folder, new_store(folder), more=("--app-name", "basic-auth"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_AUTH_CONFIG_PATH", str(ini))
        environment.setenv("MLFLOW_AUTH_ADMIN_PASSWORD", SECRET)
        environment.setenv("MLFLOW_FLASK_SERVER_SECRET_KEY", "x" * 32)
        server.start()
    server.ids = {
        name: ask_auth(server, "/api/2.0/mlflow/experiments/create", name=name)["experiment_id"]
        for name in ("iris", "vault", "open")
    }
    for name in ("maya", "jonas"):
        ask_auth(server, "/api/2.0/mlflow/users/create", username=name, password=SECRET)
    for name, permission in (("iris", "EDIT"), ("vault", "DENY")):
        grant = {"username": "maya", "resource_type": "experiment", "resource_id": server.ids[name]}
        ask_auth(server, "/api/3.0/mlflow/users/permissions/grant", **grant, permission=permission)
    yield server
    server.stop()


def opened(server, monkeypatch, user):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    return MlflowRuns(server.url)


def test_an_admin_is_told_what_each_user_may_read(guarded, monkeypatch):
    source = opened(guarded, monkeypatch, "admin")
    maya, ids = source.permissions_of("maya"), guarded.ids
    assert [maya.may_read(ids[name]) for name in ("iris", "vault", "open")] == [True, False, True]
    assert source.permissions_of("jonas").may_read(ids["vault"])
    assert source.permissions_of("admin").is_admin
    assert source.permissions_of("nobody") is None
    # and so it is when maya asks herself
    seen = {each.name for each in opened(guarded, monkeypatch, "maya").experiments()}
    assert seen == {name for name, number in ids.items() if maya.may_read(number)} | {"Default"}


def test_an_account_that_is_no_admin_is_told_nothing(guarded, monkeypatch):
    with pytest.raises(TrackingUnavailable):
        opened(guarded, monkeypatch, "jonas").permissions_of("maya")


def test_a_server_without_users_is_no_reason_to_show_all(mlflow_server, tmp_path):
    for address in (mlflow_server.url, new_store(tmp_path)):
        with pytest.raises(TrackingUnavailable):
            MlflowRuns(address).permissions_of("maya")
