"""Slack itself: blocks, limits, escaping, the ladder of simpler blocks, delivery and the Web API."""
