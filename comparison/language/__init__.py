"""What people type and what it means: `read` makes a request of it, `line` makes a line of a request.

The way of a sentence: scanner (tokens) → cover (atoms, by lexicon and names) → intents (which command) → words (the
draft of the request) → commands (the request, and the line that is read as it).
"""
