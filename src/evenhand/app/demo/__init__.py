"""The main job, end to end, on real data, through the real API. See `run.py` for the steps."""

from .run import run_demo

__all__ = ["run_demo"]
