"""Comparisons in Slack: the message, its buttons and dialogs."""
