"""What people type and what it means: `read` makes a request of it, `line` makes a line of a request.

The way of a sentence: tokens → atoms (by lexicon and names) → intents (which command) → the draft of the request, read
by run_names, filters and comparison_options → a command: the request, and the line that is read as it.
"""
