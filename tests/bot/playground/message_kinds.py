"""Each kind of message a channel sees, drawn by the bot's own drawing from runs of a test's own."""

from datetime import UTC, datetime

from comparison.compare import compare
from comparison.language.compare_command import compared
from comparison.report import Report
from comparison.reports.comparison import comparison_report
from comparison.reports.news import news_report
from comparison.runs import Dataset, Experiment, Goal, Metric, Run, Status
from handlers.compare.message import comparison_buttons, state_of
from handlers.slack.fallback import BlockLevel
from handlers.slack.render import draw, open_links
from handlers.watch.notification import NewsState, news_buttons

UI = "http://127.0.0.1:5000"
DIGITS = Experiment("7", "digits")
MINUTE = 60_000
NOW = 1_795_435_200_000  # 2026-11-23 12:00 UTC
MOMENT = datetime.fromtimestamp(NOW / 1000, UTC)


def trained(name, number, metrics, **changes):
    facts = {
        "started_at": NOW - number * MINUTE,
        "ended_at": NOW - (number - 1) * MINUTE,
        "user": "maya",
        "commit": "c0ffee1234",
        "source": "train.py",
        "parameters": {"hidden_units": "32", "learning_rate": "0.001", "seed": "1", "batch_size": "64"},
        "tags": {"team": "vision", "stage": "dev"},
        "datasets": (Dataset("digits", "e449c5bf", "training"),),
    }
    logged = {key: value if isinstance(value, Metric) else Metric(value) for key, value in metrics.items()}
    return Run(f"{number:032x}", name, DIGITS, metrics=logged, **(facts | changes))


OLD = trained("mlp-32-seed-1", 9, {"val_accuracy": 0.951852, "val_loss": 0.2269, "train_loss": 0.1, "n_weights": 2410})
WIDE = {"hidden_units": "64", "learning_rate": "0.003", "seed": "1", "batch_size": "64"}
NEW = trained(
    "mlp-64-seed-1",
    8,
    {"val_accuracy": 0.97963, "val_loss": 0.0957, "train_loss": 0.05, "n_weights": 4810},
    parameters=WIDE,
)


def six_metrics(run, factor):
    more = {"val_f1": 0.9 * factor, "val_auc": 0.95 * factor}
    return {**run.metrics, **{name: Metric(value) for name, value in more.items()}}


def eight():
    widths = (16, 32, 64, 128)
    return [
        trained(
            f"mlp-{width}-seed-{seed}",
            20 + number,
            {"val_accuracy": 0.9 + number / 100, "val_loss": 0.3 - number / 40, "n_weights": 100 * width},
            parameters={
                "hidden_units": str(width),
                "learning_rate": "0.003" if seed > 1 else "0.001",
                "seed": str(seed),
            },
        )
        for number, (width, seed) in enumerate((width, seed) for width in widths for seed in (1, 2))
    ]


def wide(count):
    old = {f"eval/{'loss' if number % 3 else 'accuracy'}_task_{number}": 0.5 + number / 1000 for number in range(count)}
    new = {name: value * (1.05 if number % 4 else 0.97) for number, (name, value) in enumerate(old.items())}
    return [trained("sweep-2026-11-20", 40, old), trained("sweep-2026-11-27", 39, new)]


def long_names(count):
    """Runs whose names are long, begin and end alike, and have hyphens at which a line may break."""
    return [
        trained(
            f"resnet50-imagenet-pretrained-cosine-schedule-lr-0.00{number + 1}-wd-1e-{number % 4}-2026-11-{number + 10}",
            60 + number,
            {"val_accuracy": 0.7 + number / 100, "val_loss": 0.9 - number / 30},
            parameters={"learning_rate": f"0.00{number + 1}", "augmentation": "randaugment-m9-mstd0.5-inc1"[number:]},
        )
        for number in range(count)
    ]


def seeds(name, accuracy):
    metrics = [
        {"val_accuracy": accuracy + seed / 500, "val_loss": 1 - accuracy + seed / 90, "train_loss": 0.03 + seed / 700}
        for seed in range(5)
    ]
    return [
        trained(f"{name}-seed-{seed}", 80 + seed, each, parameters={"hidden_units": name[4:], "seed": str(seed)})
        for seed, each in enumerate(metrics)
    ]


def comparisons():
    """Comparisons by their kind."""
    long = "resnet50-imagenet-pretrained-cosine-schedule-2026-11-"
    hot = trained("mlp-64-hot", 5, {"val_accuracy": Metric(0.1, 0), "val_loss": Metric(28.4, 0)}, status=Status.FAILED)
    busy = trained(
        "mlp-64-seed-1",
        7,
        six_metrics(NEW, 1.01),
        parameters=WIDE | {"dropout": "0.1", "optimizer": "adam", "schedule": "cosine"},
        datasets=(Dataset("digits", "cc08b95f", "training"),),
        commit="",
    )
    return {
        "two runs": compare(OLD, NEW),
        "two runs, six metrics": compare(
            trained("mlp-32-seed-1", 9, six_metrics(OLD, 1)), busy, metrics=["val_accuracy"]
        ),
        "three runs": compare(OLD, NEW, eight()[3]),
        "eight runs": compare(*eight()),
        "35 metrics": compare(*wide(35)),
        "354 metrics": compare(*wide(354)),
        "nine long names": compare(*long_names(9)),
        "seeds against seeds": compare(seeds("mlp-32", 0.9), seeds("mlp-64", 0.92)),
        "long names": compare(
            trained(f"{long}20-lr0.001", 3, {"val_accuracy": 0.7}),
            trained(f"{long}27-lr0.003", 2, {"val_accuracy": 0.72}),
        ),
        "a failed run": compare(OLD, hot),
        "one-sided metrics": compare(OLD, trained("mlp-64-half", 4, {"train_loss": 0.09, "val_f1": 0.9})),
        "no known goal": compare(trained("a", 3, {"foo": 1, "bar": 2}), trained("b", 2, {"foo": 2, "bar": 2})),
        "worse": compare(NEW, OLD, goals={"n_weights": Goal.LOWER}),
    }


def drawn(comparison, rung=BlockLevel.ALL):
    """As the bot posts it."""
    report = comparison_report(comparison, ui_url=UI, now=NOW, in_channel=True, rules_url="https://docs.example/rules")
    request = compared([side.runs[0].run_id for side in comparison.sides])
    whole = next((each.url for each in open_links(report.links) if each.key == "compare"), "")
    buttons = comparison_buttons(state_of(request, comparison, asked_by="U0MAYA"), comparison, whole_url=whole)
    return draw(
        report,
        rung=rung,
        asked_by="U0MAYA",
        row=buttons.row,
        more=buttons.more,
        placed=("compare",) if buttons.has_menu else (),
    )


def announced(news):
    """A notification as the notifier posts it."""
    report = news if isinstance(news, Report) else news_report(news, now=MOMENT, ui_url=UI)
    whole = next((each.url for each in open_links(report.links) if each.key == "compare"), "")
    held = NewsState("a" * 32, "7", "b" * 32, "w0")
    row = news_buttons(held, [DIGITS], whole_url=whole)
    return draw(report, row=row, placed=("compare",) if whole else ())
