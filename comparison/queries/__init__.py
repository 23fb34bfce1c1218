"""Quick answers: the standup, one run by itself, the top, what runs, what failed. Few questions to MLflow each."""
