"""The names of a small team, as the cache of a channel would hold them."""

from comparison.language.names import Names

NAMES = Names.of(
    experiments=("fraud", "churn", "digits", "Image Classification", "nightly"),
    runs=(
        *("xgb-v1", "xgb-v2", "xgb-v3", "lgbm-v1", "mlp-small", "mlp-large", "mlp-oom", "xgb-bad", "mlp-huge"),
        *("bert-base", "bert-large", "bert-large-lr3e5", "roberta", "resnet18", "resnet50", "vit_b16"),
        *("ResNet 50 (new aug)", "resnet-crash", "nightly"),
        *(f"mlp-{width}-seed-{seed}" for width in (32, 64) for seed in (1, 2, 3)),
    ),
    users=("maya", "jonas", "ann", "priya", "ci-bot"),
    metrics=(
        *("val_auc", "val_loss", "accuracy", "f1", "recall", "precision", "latency_ms", "train_loss", "val_accuracy"),
        "loss",
    ),
    parameters=("model", "lr", "depth", "seed", "leaves", "hidden", "epochs", "hidden_units", "arch", "branch"),
    models=("fraud-detector",),
    aliases=("champion",),
)
