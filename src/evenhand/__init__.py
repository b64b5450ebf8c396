"""Evenhand: a neutral, self-hostable data-labeling platform."""
