"""Several workspaces of Slack: how they install the app (OAuth), whose token is used, and what is left when they go."""
