"""The real process against a stand-in for Slack: ready, signals, HTTP and Socket Mode."""

import signal
import socket
import time
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from bot.playground.slack import SlackStandIn
from tests.bot.process import BotProcess, SlowMlflow
from tests.endings import running
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

HTTP, SOCKET = "HTTP", "Socket Mode"


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def mlflow():
    with SlowMlflow() as stand_in:
        yield stand_in


@pytest.fixture
def settings(slack, mlflow):
    return {
        "SLACK_BOT_TOKEN": slack.installation.bot_token,
        "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "MLFLOW_TRACKING_URI": mlflow.url,
    }


@pytest.fixture
def start(tmp_path, settings):
    started = []

    def begin(**more):
        folder = tmp_path / f"bot{len(started)}"
        folder.mkdir()
        process = BotProcess(folder, {**settings, **more})
        started.append(process)
        return process

    yield begin
    for process in started:
        with process:
            print(process.log)  # shown when the test fails


def serve(start, slack, mode=HTTP, **more):
    """A bot that serves, and Slack told where."""
    if mode is SOCKET:
        more["SLACK_APP_TOKEN"] = slack.installation.app_token
    bot = start(**more).wait_until_it_serves()
    if mode is SOCKET:
        slack.wait_for_socket(30)
    else:
        slack.bot_url = f"{bot.url}/slack/events"
    return bot


def takes_nothing_new(bot):
    for _ in range(100):
        try:
            httpx.get(f"{bot.url}/healthz", trust_env=False)
        except httpx.TransportError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("mode", [HTTP, SOCKET])
def test_a_command_is_answered_and_the_process_ends_well(start, slack, mode):
    bot = serve(start, slack, mode).wait_until_ready()
    taken = slack.command("/mlcompare", "help")
    assert taken.was_taken, taken
    assert slack.wait_for_ephemeral("/mlcompare", timeout=30)
    assert httpx.get(f"{bot.url}/healthz", trust_env=False).status_code == 200
    bot.terminate()
    assert bot.wait() == 0
    assert "Traceback" not in bot.log
    assert slack.installation.bot_token not in bot.log


@pytest.mark.parametrize("mode", [HTTP, SOCKET])
def test_what_is_under_way_is_finished_when_the_process_is_asked_to_end(start, slack, mlflow, mode):
    bot = serve(start, slack, mode).wait_until_ready()
    mlflow.go_on.clear()
    assert slack.command("/mlcompare", "a" * 32 + " vs " + "b" * 32).was_taken
    mlflow.wait_until_asked()
    bot.terminate()
    bot.wait_for_log("stopping")
    assert takes_nothing_new(bot)
    assert bot.process.poll() is None
    mlflow.go_on.set()
    assert slack.wait_for_ephemeral("a" * 32, timeout=30)
    assert bot.wait(20) == 0


def test_the_process_ends_at_its_deadline_even_when_work_hangs(start, slack, mlflow):
    bot = serve(start, slack, MLCOMPARE_DRAIN_SECONDS="1").wait_until_ready()
    mlflow.go_on.clear()
    slack.command("/mlcompare", "a" * 32 + " vs " + "b" * 32)
    mlflow.wait_until_asked()
    began = time.monotonic()
    bot.terminate()
    assert bot.wait(25) == 1
    assert time.monotonic() - began < 20  # MLflow would answer after 30
    assert "left=1" in bot.log


def test_a_second_signal_ends_the_process_at_once(start, slack, mlflow):
    bot = serve(start, slack).wait_until_ready()
    mlflow.go_on.clear()
    slack.command("/mlcompare", "a" * 32 + " vs " + "b" * 32)
    mlflow.wait_until_asked()
    bot.terminate()
    bot.wait_for_log("stopping")
    bot.process.send_signal(signal.SIGINT)
    assert bot.wait(30) == 128 + signal.SIGINT


def test_a_taken_port_is_told_in_one_sentence(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        bot = start(PORT=port)
        assert bot.wait() == 1
    assert f"Cannot listen on 127.0.0.1 port {port}" in bot.log
    assert "Traceback" not in bot.log


def test_missing_settings_are_all_told_and_nothing_starts(start):
    bot = start(SLACK_BOT_TOKEN="", SLACK_SIGNING_SECRET="", MLFLOW_TRACKING_URI="", PORT="x")
    assert bot.wait() == 1
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "MLFLOW_TRACKING_URI", "PORT"):
        assert name in bot.log
    assert "Traceback" not in bot.log


@pytest.mark.parametrize("mode", [HTTP, SOCKET])
def test_with_slack_down_the_bot_keeps_trying_and_says_so(start, slack, mode):
    slack.faults.hang_up(None)
    more = {"SLACK_APP_TOKEN": slack.installation.app_token} if mode is SOCKET else {}
    bot = start(**more).wait_until_it_serves()
    ready, checks = bot.ready()
    assert not ready
    assert checks["slack"] != "ok"
    slack.faults.clear()
    bot.wait_until_ready()
    bot.terminate()
    assert bot.wait() == 0


def test_a_token_that_slack_refuses_is_told(start, slack):
    slack.reinstall(bot_token="xoxb-another")
    bot = start().wait_until_it_serves()
    bot.wait_for_log("Slack answered invalid_auth")
    assert bot.ready()[1]["slack"] == "Slack answered invalid_auth"


def test_with_mlflow_down_the_bot_says_so_to_people_and_to_readyz(start, slack, mlflow):
    bot = serve(start, slack, MLFLOW_TRACKING_URI="http://127.0.0.1:9", MLCOMPARE_MLFLOW_TIMEOUT="1")
    bot.wait_for_log("mlflow: ")
    ready, checks = bot.ready()
    assert (ready, checks["slack"]) == (False, "ok")
    assert checks["mlflow"] != "ok"
    slack.command("/mlcompare", "a" * 32 + " vs " + "b" * 32)
    assert slack.wait_for_ephemeral("MLflow", timeout=30)


@pytest.mark.parametrize(
    "address", ["http://mlflow.internal.invalid:5000", "http://127.0.0.1:9", "http://maya:hunter22@10.255.255.1:5123"]
)
def test_readyz_names_no_internal_host_and_the_log_does(start, slack, address):
    changed = {"MLFLOW_TRACKING_URI": address, "DATABASE_URL": "postgresql://bot:hunter22@db.internal.invalid:9/bot"}
    bot = serve(start, slack, **changed, MLCOMPARE_MLFLOW_TIMEOUT="1")
    bot.wait_for_log("mlflow: ")
    bot.wait_for_log("database: ")
    _, checks = bot.ready()
    assert checks["mlflow"].startswith("MLflow ")
    told = " ".join(checks.values())
    for inside in ("internal", "127.0.0.1", "10.255", "5000", "5123", ":9", "maya", "hunter22", "invalid:"):
        assert inside not in told, checks
    assert urlsplit(address).hostname in bot.log


@pytest.mark.parametrize(("setting", "answered"), [("", []), ("guests", ["U0GUS"]), ("ALLOW", ["U0ELSA", "U0GUS"])])
def test_who_is_not_of_the_workspace_is_answered_only_where_the_setting_says_so(start, slack, setting, answered):
    slack.workspace.add_user("elsa", "Elsa", "U0ELSA", team="T0ELSEWHERE")
    slack.workspace.add_user("gus", "Gus", "U0GUS", is_guest=True)
    serve(start, slack, MLCOMPARE_EXTERNAL_PEOPLE=setting)
    for user in ("U0ELSA", "U0GUS", "U0MAYA"):
        assert slack.command("/mlcompare", "help", user=user).was_taken
    told = slack.wait_until(lambda: slack.ephemerals if len(slack.ephemerals) == 3 else None, 30)
    refused = {message.only_to for message in told if message.text.startswith("I only answer")}
    assert sorted({"U0ELSA", "U0GUS", "U0MAYA"} - refused) == sorted([*answered, "U0MAYA"])


def test_with_the_database_down_people_are_answered_and_readyz_says_so(start, slack):
    bot = serve(start, slack, DATABASE_URL="postgresql://bot:hunter22@127.0.0.1:9/bot")
    assert slack.command("/mlcompare", "help").was_taken
    assert slack.wait_for_ephemeral("/mlcompare", timeout=30)
    assert bot.ready()[1]["database"] != "ok"
    assert "hunter22" not in bot.log


def test_socket_mode_comes_back_when_the_connection_is_lost(start, slack):
    bot = serve(start, slack, SOCKET).wait_until_ready()
    for lose in (slack.sockets.drop, slack.sockets.disconnect, slack.sockets.cut):
        lose()
        bot.wait_until_ready()
        slack.wait_for_socket(20)
    assert slack.command("/mlcompare", "help").was_taken
    assert slack.wait_for_ephemeral("/mlcompare", timeout=30)


def test_a_connection_whose_tcp_ends_is_lost_within_a_second_and_costs_no_cpu(start, slack):
    bot = serve(start, slack, SOCKET).wait_until_ready()
    cpu = psutil.Process(bot.process.pid).cpu_times
    slack.faults.hang_up(None, method="apps.connections.open")
    before, cut_at = cpu(), time.monotonic()
    slack.sockets.cut()
    while bot.ready()[1]["socket mode"] == "ok":
        assert time.monotonic() - cut_at < 1
        time.sleep(0.05)
    time.sleep(3)
    assert sum(cpu()[:2]) - sum(before[:2]) < 1.5  # of three seconds; what else it does is little
    slack.faults.clear()
    bot.wait_until_ready(40)
    assert slack.command("/mlcompare", "help").was_taken


def test_a_connection_whose_tcp_ends_is_replaced_within_a_second(start, slack):
    bot = serve(start, slack, SOCKET).wait_until_ready()
    for number in range(2):
        asked = slack.count("apps.connections.open")
        slack.sockets.cut()
        slack.wait_until(lambda asked=asked: slack.count("apps.connections.open") > asked, 1 + number)
        slack.wait_for_socket(10)
        taken = slack.command("/mlcompare", f"help {number}")
        assert taken.was_taken, taken
    assert "Traceback" not in bot.log


def test_a_command_on_the_old_connection_is_acknowledged_after_slack_asked_for_a_new_one(start, slack):
    bot = serve(start, slack, SOCKET).wait_until_ready()
    slack.sockets.disconnect("warning")
    slack.wait_until(lambda: slack.sockets.count == 2, 10)
    taken = [slack.command("/mlcompare", f"help {number}") for number in range(4)]  # to each in turn
    assert [each for each in taken if not each.was_taken] == []
    assert bot.ready()[1]["socket mode"] == "ok"
    slack.wait_until(lambda: len(slack.ephemerals) >= 4, 30)


@pytest.mark.parametrize(("mode", "host"), [(HTTP, "0.0.0.0"), (SOCKET, "127.0.0.1")])
def test_unless_told_otherwise_others_reach_the_port_only_where_slack_must(start, slack, mode, host):
    bot = serve(start, slack, mode, MLCOMPARE_HOST="")
    assert f"address={host}:{bot.port}" in bot.log


def test_socket_mode_that_is_dead_for_long_ends_the_process_for_its_supervisor(start, slack):
    bot = serve(start, slack, SOCKET, MLCOMPARE_SOCKET_PATIENCE="2").wait_until_ready()
    slack.faults.hang_up(None, method="apps.connections.open")
    slack.sockets.drop()
    assert bot.wait(30) == 1
    assert "no connection to Slack for too long" in bot.log


def test_in_socket_mode_requests_over_http_find_no_door(start, slack):
    bot = serve(start, slack, SOCKET)
    assert httpx.post(f"{bot.url}/slack/events", trust_env=False).status_code == 404


def test_a_burst_of_commands_is_acknowledged_within_three_seconds_and_answered_once_each(start, slack):
    bot = serve(start, slack).wait_until_ready()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(50) as people:
        taken = list(people.map(lambda number: slack.command("/mlcompare", f"help {number}"), range(200)))
    assert [delivery for delivery in taken if not delivery.was_taken] == []
    slack.wait_until(lambda: len(slack.ephemerals) >= 200, 60)
    bot.terminate()
    assert bot.wait() == 0
    assert len(slack.ephemerals) == 200


def test_requests_that_slack_did_not_sign_are_refused_by_the_real_process(start, slack):
    bot = serve(start, slack)
    stale = {"x-slack-request-timestamp": "1", "x-slack-signature": "v0=" + "0" * 64}
    malformed = {"x-slack-request-timestamp": "soon", "x-slack-signature": "?"}
    for headers in ({}, stale, malformed):
        form = {"command": "/mlcompare", "text": "help"}
        answer = httpx.post(f"{bot.url}/slack/events", data=form, headers=headers, trust_env=False)
        assert answer.status_code == 401
    assert "Traceback" not in bot.log
    assert slack.ephemerals == []


def test_two_processes_that_share_postgresql_answer_a_delivery_once(start, slack, postgres):
    bots = [serve(start, slack, DATABASE_URL=postgres).wait_until_ready() for _ in range(2)]
    event = {
        "type": "app_mention",
        "user": "U0MAYA",
        "text": "<@U0MLCOMPARE> help",
        "channel": "C0EXPERIMENTS",
        "ts": "1795392000.000100",
        "event_ts": "1795392000.000100",
    }
    payload = {"type": "event_callback", "event_id": "Ev0SAME", "team_id": "T0PLAYGROUND", "event": event}
    for bot in bots:
        slack.bot_url = f"{bot.url}/slack/events"
        assert slack.sender.event(payload)[-1].was_taken
    assert slack.wait_for_ephemeral("/mlcompare", timeout=30)
    for bot in bots:
        bot.terminate()
        assert bot.wait() == 0
    assert len(slack.ephemerals) == 1
