"""The container files and the chart, without an engine: read, filled with values, and held against the program."""

import copy
import re
import subprocess

import pytest
import yaml

from bot.settings import Settings
from tests.docs.documents import ROOT

CHART = ROOT / "docs" / "deploy" / "chart"
ACTION = re.compile(r"\{\{-?\s*(.*?)\s*\}\}")
OWN = re.compile(r"\b(?:MLCOMPARE|SLACK|MLFLOW)_[A-Z_]+\b")


def settings():
    return {str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()}


# As much of Helm's templates as the chart uses: values, `quote`, `add`, and `if`, `eq`, `else`, `end` on their own lines.


def value(words, values):
    found = {"Values": values, "Release": {"Name": "team"}}
    for name in words.removeprefix(".").split("."):
        found = found[name]
    return found


def evaluated(words, values):
    path, _, pipe = (part.strip() for part in words.partition("|"))
    if path.startswith("add "):
        first, number = path.split()[1:]
        return str(value(first, values) + int(number))
    found = value(path, values)
    assert pipe in {"", "quote"}, words
    return f'"{found}"' if pipe else str(found)


def is_true(words, values):
    if words.startswith("eq "):
        path, literal = words.split()[1:]
        return value(path, values) == literal.strip('"')
    return bool(value(words, values))


def rendered(text, values):
    lines, stack = [], []
    for line in text.splitlines():
        action = ACTION.fullmatch(line.strip())
        words = action[1] if action else ""
        if words.startswith("if "):
            stack.append(is_true(words.removeprefix("if "), values))
        elif words == "else":
            stack[-1] = not stack[-1]
        elif words == "end":
            stack.pop()
        elif all(stack):
            lines.append(ACTION.sub(lambda found: evaluated(found[1], values), line))
    assert stack == []
    return [each for each in yaml.safe_load_all("\n".join(lines)) if each]


def chart(**changes):
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for path, changed in changes.items():
        *folders, name = path.split("__")
        place = values
        for folder in folders:
            place = place[folder]
        assert name in place, path
        place[name] = changed
    files = sorted((CHART / "templates").glob("*.yaml"))
    return [each for file in files for each in rendered(file.read_text(encoding="utf-8"), copy.deepcopy(values))]


def of_kind(objects, kind):
    return [each for each in objects if each["kind"] == kind]


def container(deployment):
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return only


EVERYTHING = {
    "mode": "http",
    "ingress__enabled": True,
    "tls__enabled": True,
    "serviceMonitor__enabled": True,
    "podDisruptionBudget__enabled": True,
    "networkPolicy__enabled": True,
}


@pytest.mark.parametrize("changes", [{}, EVERYTHING, {"replicaCount": 3}], ids=["defaults", "everything", "replicas"])
def test_the_chart_gives_objects_with_names_and_selectors_that_fit(changes):
    objects = chart(**changes)
    assert len({(each["kind"], each["metadata"]["name"]) for each in objects}) == len(objects)
    for deployment in of_kind(objects, "Deployment"):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (bot,) = [each for each in of_kind(objects, "Deployment") if each["metadata"]["name"] == "team-mlcompare"]
    (service,) = of_kind(objects, "Service")
    assert service["spec"]["selector"].items() <= bot["spec"]["template"]["metadata"]["labels"].items()


def test_every_pod_is_nobody_in_particular_and_writes_only_where_it_may():
    for deployment in of_kind(chart(), "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container(deployment)["securityContext"]["readOnlyRootFilesystem"] is True
        assert {each["name"] for each in pod["volumes"]} == {
            each["name"] for each in container(deployment)["volumeMounts"]
        }


def test_a_pod_has_more_time_than_it_takes_to_finish():
    for deployment in of_kind(chart(drainSeconds=100), "Deployment"):
        environment = {each["name"]: each["value"] for each in container(deployment)["env"]}
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > float(
            environment["MLCOMPARE_DRAIN_SECONDS"]
        )


def test_a_rollout_waits_for_the_socket_and_over_http_only_for_life():
    def probe(**changes):
        (bot,) = [
            each for each in of_kind(chart(**changes), "Deployment") if each["metadata"]["name"] == "team-mlcompare"
        ]
        return container(bot)["readinessProbe"]["httpGet"]["path"], "lifecycle" in container(bot)

    assert probe() == ("/readyz", False)
    assert probe(mode="http") == ("/healthz", True)


def test_nothing_but_what_slack_calls_is_let_in():
    (ingress,) = of_kind(chart(**EVERYTHING), "Ingress")
    paths = [path["path"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    assert paths == ["/slack/"]


def test_what_is_switched_off_is_not_there():
    kinds = {each["kind"] for each in chart()}
    assert kinds == {"Deployment", "Service"}


@pytest.mark.parametrize(
    "name", ["Dockerfile", "compose.yaml", *(f"docs/deploy/chart/templates/{each}.yaml" for each in ("bot", "worker"))]
)
def test_only_settings_that_exist_are_set(name):
    mlflow_own = {"MLFLOW_DISABLE_TELEMETRY"}
    assert set(OWN.findall((ROOT / name).read_text(encoding="utf-8"))) <= settings() | mlflow_own


def test_compose_starts_the_bot_the_worker_and_postgresql():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert [name for name, each in services.items() if not each.get("profiles")] == ["bot", "worker", "postgres"]
    for name in ("bot", "worker"):
        assert services[name]["read_only"] is True
        assert services[name]["environment"]["DATABASE_URL"].startswith("postgresql://")
    assert services["bot"]["environment"]["MLCOMPARE_NOTIFIER"] == "off"
    assert services["worker"]["command"] == ["mlcompare", "notify"]


def test_the_image_is_built_of_files_that_are_there_and_let_in():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [words.split()[1:-1] for words in text.splitlines() if words.startswith("COPY ") and "--from" not in words]
    for path in (each for words in copied for each in words):
        assert (ROOT / path).exists(), path
        assert f"!{path.partition('/')[0]}" in ignored, path
    assert "--no-deps --require-hashes" in text
    assert re.search(r"^USER 10001", text, re.MULTILINE)


def test_trimming_takes_tests_and_headers_and_leaves_what_is_imported(tmp_path):
    packages = tmp_path / "lib" / "python3.12" / "site-packages"
    there = ["numpy/testing/__init__.py", "pandas/core/api.py", "mlflow/server/js/build/index.html"]
    gone = ["pandas/tests/test_a.py", "scipy/stats/tests/test_b.py", "pyarrow/lib.so", "sklearn/tests/a.py"]
    for name in (*there, *gone, "matplotlib/a.py"):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).touch()
    subprocess.run(["sh", str(ROOT / "requirements" / "trim.sh"), str(tmp_path)], check=True, timeout=60)
    assert [name for name in there if not (packages / name).exists()] == []
    assert [name for name in gone if (packages / name).exists()] == []
