"""The notifier: watches → runs that ended → messages, each once, whatever dies on the way."""
