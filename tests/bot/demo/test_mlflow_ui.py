import socket

import psutil
import pytest

from bot.demo.store import free_port, mlflow_ui


def runs_at(process, port):
    try:
        return process.status() != psutil.STATUS_ZOMBIE and f"--port\0{port}\0" in "\0".join([*process.cmdline(), ""])
    except psutil.Error:
        return False


def ended(ui):
    """Whether nothing is left of it."""
    return ui.process.poll() is not None and not [each for each in psutil.process_iter() if runs_at(each, ui.port)]


@pytest.mark.parametrize("seconds", [0, 3])
def test_it_ends_with_the_demo_although_it_has_not_started(trained_demo, tmp_path, seconds):
    with mlflow_ui(trained_demo.store.tracking_uri, free_port(0), tmp_path / "ui.log") as ui:
        ui.is_up(within=seconds)
    assert ended(ui)


def test_a_taken_port_is_left_to_its_owner():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port


def test_a_free_port_is_taken_as_wished():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert free_port(port) == port


def test_a_server_that_cannot_start_is_noticed_and_says_why_in_its_log(tmp_path):
    with mlflow_ui("nonsense://nowhere", free_port(0), tmp_path / "ui.log") as ui:
        assert not ui.is_up(within=60)
        assert "nonsense" in ui.log.read_text()
