"""The demo: real models trained into an embedded MLflow store, the bot, and a channel to see it in."""
