"""The judgement: goals, differences, numbers, caveats and the verdict."""
