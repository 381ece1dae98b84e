"""Pairs of two streams: all that have a partner, in order, and nothing lost without being counted."""

from hypothesis import given
from hypothesis import strategies as st

from thermalsdk.adapters.pairing import Pairing

KEYS = st.sets(st.integers(0, 40)).map(sorted)


@given(KEYS, KEYS, st.randoms(use_true_random=False))
def test_every_interleaving_pairs_what_both_streams_have(first, second, random):
    streams = {"first": list(first), "second": list(second)}
    pairing = Pairing(capacity=64)
    made = []
    while any(streams.values()):
        name = random.choice([name for name, keys in streams.items() if keys])
        key = streams[name].pop(0)
        made.append(getattr(pairing, f"add_{name}")(key, f"{name} {key}"))
    pairs = [pair for pair in made if pair is not None]
    both = sorted(set(first) & set(second))
    assert pairs == [(f"first {key}", f"second {key}") for key in both]
    assert 2 * len(pairs) + pairing.unmatched + pairing.waiting == len(first) + len(second)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30))), st.integers(1, 4))
def test_what_waits_is_bounded_whatever_comes(items, capacity):
    pairing = Pairing(capacity)
    pairs = 0
    for is_first, key in items:
        pair = (pairing.add_first if is_first else pairing.add_second)(key, key)
        pairs += pair is not None
        assert pair is None or pair == (key, key)
        assert pairing.waiting <= 2 * capacity
    assert 2 * pairs + pairing.unmatched + pairing.waiting == len(items)


def test_older_items_are_given_up_when_a_newer_pair_is_complete():
    pairing = Pairing()
    pairing.add_first(1, "a")
    pairing.add_second(2, "b")
    pairing.add_first(4, "d")
    assert pairing.add_second(4, "D") == ("d", "D")
    assert (pairing.unmatched, pairing.waiting) == (2, 0)
