"""Pairwise preference: which of two texts answers a prompt better."""

from evenhand.tasktypes.pairwise.pairwise_type import PairwiseType

__all__ = ["PairwiseType"]
