"""A Slack to play with: the Web API, Socket Mode and a channel page, in one process on loopback."""
