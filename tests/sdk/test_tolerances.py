import numpy as np
import pytest

from thermalsdk.tolerances import Tolerance


@pytest.mark.parametrize(
    ("tolerance", "accepted"),
    [(Tolerance(maximum=0.5), False), (Tolerance(maximum=1.0), True), (Tolerance(mean=0.0005), False)],
)
def test_each_limit_counts(tolerance, accepted):
    difference = np.zeros(1000)
    difference[3] = -1.0
    assert tolerance.accepts(difference) is accepted


def test_nothing_that_is_not_finite_is_accepted():
    assert not Tolerance().accepts(np.array([0.0, np.nan]))
