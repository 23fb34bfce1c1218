"""Messages like those the bot posts, one of each block."""

import math

EPOCHS = [str(epoch) for epoch in range(1, 16)]


def text(words):
    return {"type": "raw_text", "text": words}


def number(value, shown=None):
    return {"type": "raw_number", "value": value, "text": shown or f"{value:.4f}"}


def plain(words):
    return {"type": "plain_text", "text": words}


def mrkdwn(words):
    return {"type": "mrkdwn", "text": words}


def button(action_id, words, **more):
    return {"type": "button", "action_id": action_id, "text": plain(words), **more}


METRICS = [
    ("accuracy", 0.9667, 0.9333),
    ("f1_score", 0.9666, 0.9329),
    ("precision", 0.9694, 0.9402),
    ("recall", 0.9667, 0.9333),
    ("log_loss", 0.1873, 0.2461),
    ("fit_seconds", 12.4, 9.81),
    ("val_accuracy", 0.9512, 0.9533),
]


def metric_rows():
    head = [text("Metric"), text("Run 1"), text("Run 2"), text("Change"), text("Verdict")]
    rows = [head]
    for name, old, new in METRICS:
        lower = name in ("log_loss", "fit_seconds")
        better = (new < old) if lower else (new > old)
        verdict = f"{'▲' if new > old else '▼'} {'better' if better else 'worse'}"
        change = f"{(new - old) / old * 100:+.1f} %"
        rows.append([text(name), number(old), number(new), number((new - old) / old, change), text(verdict)])
    return rows


def data_table(page_size=5):
    return {
        "type": "data_table",
        "block_id": "metrics",
        "caption": "Metrics of Run 1 and Run 2",
        "page_size": page_size,
        "rows": metric_rows(),
    }


def table():
    rows = [
        [text("Metric"), text("Run 1"), text("Run 2"), text("Change")],
        [text("accuracy"), number(0.9667), number(0.9333), text("▼ −0.0334 (−3.5 %), worse")],
        [text("log_loss"), number(0.1873), text("–"), text("only in Run 1")],
    ]
    settings = [{"is_wrapped": True}, {"align": "right"}, {"align": "right"}, None]
    return {"type": "table", "block_id": "small", "column_settings": settings, "rows": rows}


def line_chart(kind="line"):
    def points(start, slope):
        return [
            {"label": epoch, "value": round(start * math.exp(-slope * at) + 0.05, 4)} for at, epoch in enumerate(EPOCHS)
        ]

    return {
        "type": "data_visualization",
        "title": "val_loss by epoch",
        "chart": {
            "type": kind,
            "series": [
                {"name": "mlp-small", "data": points(0.92, 0.21)},
                {"name": "mlp-wide", "data": points(0.85, 0.34)},
            ],
            "axis_config": {"categories": EPOCHS, "x_label": "Epoch", "y_label": "val_loss"},
        },
    }


def bar_chart():
    changes = [("accuracy", -3.5), ("f1_score", -3.5), ("precision", -3.0), ("log_loss", 31.4), ("fit_seconds", -20.9)]
    return {
        "type": "data_visualization",
        "title": "Change from Run 1 to Run 2 (%)",
        "chart": {
            "type": "bar",
            "series": [{"name": "Change %", "data": [{"label": name, "value": value} for name, value in changes]}],
            "axis_config": {"categories": [name for name, _ in changes], "y_label": "Change in %"},
        },
    }


def pie_chart():
    segments = [{"label": "better", "value": 7}, {"label": "worse", "value": 2}, {"label": "same", "value": 3}]
    return {"type": "data_visualization", "title": "Verdicts", "chart": {"type": "pie", "segments": segments}}


def container(*, collapsed=True):
    words = "*C*: `1.0` → `0.5`\n*max_iter*: `200` → `400`\n*solver*: `lbfgs` → `saga`"
    return {
        "type": "container",
        "title": plain("Parameters that differ (3)"),
        "subtitle": mrkdwn("7 are the same"),
        "width": "full",
        "is_collapsible": True,
        "default_collapsed": collapsed,
        "child_blocks": [{"type": "section", "text": mrkdwn(words)}],
    }


def rich_text():
    def leaf(kind, **more):
        return {"type": kind, **more}

    section = [
        leaf("text", text="What changed", style={"bold": True}),
        leaf("text", text=" by "),
        leaf("user", user_id="U0MAYA"),
        leaf("text", text=" in "),
        leaf("channel", channel_id="C0EXPERIMENTS"),
        leaf("text", text=" "),
        leaf("emoji", name="rocket"),
        leaf("text", text=" "),
        leaf("tag", text="champion", color="green"),
        leaf("text", text=" "),
        leaf("color", value="#1f77b4"),
        leaf("text", text=" "),
        leaf("date", timestamp=1792300000, format="{date_short}", fallback="18 Oct 2026"),
        leaf("text", text=" "),
        leaf("broadcast", range="here"),
    ]
    items = [
        [
            leaf("text", text="accuracy −3.5 % (worse), "),
            leaf("link", url="https://mlflow.example.com/#/m", text="history"),
        ],
        [leaf("text", text="fit_seconds", style={"code": True}), leaf("text", text=" −20.9 % (better)")],
    ]
    return {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": section},
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [{"type": "rich_text_section", "elements": item} for item in items],
            },
            {"type": "rich_text_quote", "elements": [leaf("text", text="Run 2 is smaller.")]},
            {"type": "rich_text_preformatted", "elements": [leaf("text", text="C=0.5\nsolver=saga")]},
        ],
    }


def verdict():
    """A whole comparison."""
    sides = [
        mrkdwn(
            "*Baseline*\n<https://mlflow.example.com/#/experiments/1/runs/a|Logistic Regression - Run 1>\nfinished 2 h ago"
        ),
        mrkdwn(
            "*Candidate*\n<https://mlflow.example.com/#/experiments/1/runs/b|Logistic Regression - Run 2>\nfinished 1 h ago"
        ),
    ]
    return [
        {"type": "header", "text": plain("Run 2 is worse than Run 1: 5 metrics worse, 2 better")},
        {"type": "section", "text": mrkdwn("*accuracy* fell from 0.9667 to *0.9333* (−3.5 %)."), "fields": sides},
        data_table(),
        container(),
        {
            "type": "section",
            "text": mrkdwn(":warning: _Run 2_ logged no dataset: the two may not have seen the same data."),
        },
        {
            "type": "actions",
            "block_id": "doing",
            "elements": [
                button("swap", "Swap baseline", value="cmp:1"),
                button("open_compare", "Compare in MLflow", url="http://127.0.0.1:9/#/compare", style="primary"),
                {
                    "type": "overflow",
                    "action_id": "more",
                    "options": [
                        {"text": plain("All metrics"), "value": "all"},
                        {"text": plain("Parameters"), "value": "params"},
                    ],
                },
            ],
        },
        {"type": "context", "elements": [mrkdwn("Asked by <@U0MAYA> · higher is better for `accuracy`, by its name")]},
    ]


def gallery():
    """Blocks that the comparison does not use, within the limits of one message."""
    return [
        {"type": "header", "text": plain("Everything else"), "level": 2},
        table(),
        line_chart(),
        bar_chart(),
        {"type": "divider"},
        rich_text(),
        {
            "type": "markdown",
            "text": "**Markdown**\n\n1. one\n2. two, with `code` and [a link](https://example.com)\n\n> quoted",
        },
        {
            "type": "card",
            "title": mrkdwn("*mlp-wide* (candidate)"),
            "subtitle": mrkdwn("finished, 42 min"),
            "body": mrkdwn("7 better, 2 worse, 3 same"),
            "actions": [button("open_card", "Open the run", url="http://127.0.0.1:9/run")],
        },
        {
            "type": "image",
            "image_url": "https://charts.example.com/loss.png",
            "alt_text": "Line chart of val_loss. mlp-wide ends at 0.06, mlp-small at 0.10.",
            "title": plain("val_loss by epoch"),
        },
    ]
