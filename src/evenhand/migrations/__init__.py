"""Numbered SQL files, forward only; `platform.migrations` runs them. This package holds no code."""
