"""What people type and what it means: `read` makes a request of it, `line` makes a line of a request.

The way of a sentence: scanner (tokens) → cover (atoms, by lexicon and names) → reading (intent, slots, sides).
"""
