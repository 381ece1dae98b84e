"""Progress of nested phases."""

from hypothesis import given
from hypothesis import strategies as st

from thermalsdk.engines.monitor import Progress


def test_a_nested_phase_is_one_step_of_its_parent():
    shares = []
    progress = Progress(shares.append)
    progress.start("build", None, 2)
    progress.start("tune", "build", 4)
    progress.step("tune", 0)
    progress.step("tune", 1)
    progress.finish("tune")
    progress.step("build", 0)
    progress.step("build", 1)
    progress.finish("build")
    assert shares == [0.125, 0.25, 0.5, 1.0]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, "a", "b"]), st.integers(0, 9))))
def test_shares_rise_and_stay_within_one_whatever_the_builder_says(events):
    shares = []
    progress = Progress(shares.append)
    for name, parent, number in events:
        if number == 9:
            progress.finish(name)
        elif number % 2 and parent != name and (name, parent) != ("a", "b"):
            progress.start(name, parent, number)
        else:
            progress.step(name, number)
    assert shares == sorted(shares)
    assert all(0 < share <= 1 for share in shares)
