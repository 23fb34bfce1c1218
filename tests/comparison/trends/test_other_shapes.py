"""What is concluded of fifty curves of other shapes and scales: right, or silent, and never wrong."""

from types import SimpleNamespace

import pytest

from comparison.runs import Goal
from tests.comparison.trends.other_shapes import others, shapes
from tests.comparison.trends.test_generated import concluded


@pytest.mark.parametrize("goal", [Goal.LOWER, Goal.HIGHER])
@pytest.mark.parametrize("offset", [0, 4000])
def test_no_conclusion_about_curves_of_other_shapes_is_wrong(offset, goal):
    found = [
        (each.name, concluded(SimpleNamespace(steps=each.steps, values=each.values, train=each.train), goal)[0])
        for each in (*shapes(offset), *others(offset))
    ]
    allowed = {each.name: each.allowed for each in (*shapes(offset), *others(offset))}
    assert [(name, said) for name, said in found if said and said not in allowed[name]] == []
    assert sum(bool(said) for _name, said in found) >= 30
