"""Slack in, Slack out: one file a feature, and the drawing of reports as Block Kit."""
