from bot.demo.command import isolate_environment


def test_settings_of_a_real_installation_are_left_out():
    environment = {
        "PATH": "/bin",
        "SLACK_APP_TOKEN": "xapp-real",
        "MLFLOW_TRACKING_URI": "http://real",
        "MLFLOW_RUN_ID": "1234",
        "MLCOMPARE_COMMAND": "/other",
        "DATABASE_URL": "postgresql://real",
        "PORT": "80",
    }
    isolate_environment(environment)
    assert "PATH" in environment
    assert not {"SLACK_APP_TOKEN", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLCOMPARE_COMMAND"} & environment.keys()
    assert not {"DATABASE_URL", "PORT"} & environment.keys()


def test_loopback_is_not_reached_through_a_proxy():
    environment = {"HTTP_PROXY": "http://proxy", "https_proxy": "http://proxy", "no_proxy": "example.com"}
    isolate_environment(environment)
    assert not {"HTTP_PROXY", "https_proxy"} & environment.keys()


def test_training_calls_nobody(trained_demo):
    assert trained_demo.calls == []
