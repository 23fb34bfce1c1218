"""Probes: whether what the bot needs is there, said at once and logged once."""

import logging
import threading
from errno import ENOSPC

import pytest
from slack_sdk.errors import SlackApiError

from bot.server.health import Probe
from comparison.errors import TrackingUnavailable


class Server:
    def __init__(self):
        self.error = None
        self.asked = 0
        self.twice = threading.Event()

    def __call__(self):
        self.asked += 1
        if self.asked > 1:
            self.twice.set()
        if self.error:
            raise self.error


@pytest.fixture
def server():
    return Server()


def test_before_it_was_asked_it_is_not_known(server):
    assert Probe("mlflow", server, every=1).problem == "not known yet"


def test_what_answers_is_well(server):
    probe = Probe("mlflow", server, every=1)
    assert probe.ask()
    assert probe.problem == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TrackingUnavailable("MLflow did not answer within 10 s."), "MLflow did not answer within 10 s."),
        (SlackApiError("x", {"ok": False, "error": "invalid_auth"}), "Slack answered invalid_auth"),
        (OSError("could not reach http://user:hunter22@host"), "OSError"),
        (OSError(ENOSPC, "only 3 kB left in /var/lib/secret"), "the disk is full"),
    ],
)
def test_what_fails_is_told_without_addresses(server, error, said):
    server.error = error
    probe = Probe("mlflow", server, every=1)
    assert not probe.ask()
    assert probe.problem == said


def test_a_short_failure_is_forgiven_where_there_is_patience(server):
    patient, strict = (Probe("mlflow", server, every=1, patience=patience) for patience in (60, 0))
    for probe in (patient, strict):
        probe.ask()
    server.error = OSError()
    for probe in (patient, strict):
        probe.ask()
    assert (patient.problem, strict.problem) == ("", "OSError")


def test_a_change_is_logged_and_a_repetition_is_not(server, caplog):
    probe = Probe("mlflow", server, every=1)
    with caplog.at_level(logging.INFO):
        for error in (None, None, OSError(), OSError(), None):
            server.error = error
            probe.ask()
    assert caplog.messages == ["mlflow: well", "mlflow: OSError", "mlflow: well"]


def test_it_asks_again_by_itself_until_it_is_stopped(server):
    probe = Probe("mlflow", server, every=0.01)
    probe.start()
    assert server.twice.wait(10)
    probe.stop()
