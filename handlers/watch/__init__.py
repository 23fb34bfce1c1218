"""Watches in Slack: commands, the list, the dialog, and the notifications they bring."""
