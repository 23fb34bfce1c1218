"""References to runs: what a request names, found in the tracking server."""
