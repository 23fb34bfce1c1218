"""A report as text, Markdown, CSV or JSON."""
