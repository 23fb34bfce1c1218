"""Watches: what a channel wants to hear of runs that end, and which of them are news. Decided here, done elsewhere."""
