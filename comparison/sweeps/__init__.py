"""Conclusions about hyperparameter sweeps: from trials to facts. Pure: no words, no I/O."""
