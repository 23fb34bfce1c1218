"""What a comparison is: words → request → runs → comparison → report. A library as well:

>>> from comparison import MlflowRuns, compare  # doctest: +SKIP
>>> runs = MlflowRuns("sqlite:///mlflow.db")  # doctest: +SKIP
>>> compare(runs.find("Run 1"), runs.find("Run 2")).to_frame()  # doctest: +SKIP
"""
