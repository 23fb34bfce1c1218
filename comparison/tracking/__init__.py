"""The tracking server: what is asked of it (source), and MLflow as one that answers."""
