"""The door of gold."""

from .actions import GoldScore, GoldService, add_gold, delete_gold, list_scores

__all__ = ["GoldScore", "GoldService", "add_gold", "delete_gold", "list_scores"]
