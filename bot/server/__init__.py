"""The serving process: HTTP, Socket Mode, workers, health and what dead processes left."""
