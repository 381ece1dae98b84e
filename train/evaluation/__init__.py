"""Scores of thermal frames against the real ones, always beside what trivial predictors reach."""

from train.evaluation.evaluate import evaluate
from train.evaluation.protocols import GivenInputs, Protocol, given_inputs

__all__ = ["GivenInputs", "Protocol", "evaluate", "given_inputs"]
