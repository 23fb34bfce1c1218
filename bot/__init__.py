"""The running thing: settings, command line, composition, stored state, the local Slack page."""
