"""Conclusions about curves: metrics over steps or time. Pure: from logged points to facts, with no words and no I/O."""
