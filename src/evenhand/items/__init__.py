"""The door of items."""

from .model import BATCH_PURPOSES, Batch, BatchPurpose, DuplicateItem, ItemColumns, SealedItem
from .rules import EXTERNAL_PURPOSE, external_key
from .store import (
    abandoned_batches,
    add_items,
    array_text,
    commit_later,
    create_batch,
    delete_batch,
    delete_some_items,
    find_by_external_keys,
    get_batch,
    holding_batch,
    holding_key,
    list_batches,
    list_item_ids,
    open_batch,
    read_items,
    try_holding_batch,
)

__all__ = [
    "BATCH_PURPOSES",
    "EXTERNAL_PURPOSE",
    "Batch",
    "BatchPurpose",
    "DuplicateItem",
    "ItemColumns",
    "SealedItem",
    "abandoned_batches",
    "add_items",
    "array_text",
    "commit_later",
    "create_batch",
    "delete_batch",
    "delete_some_items",
    "external_key",
    "find_by_external_keys",
    "get_batch",
    "holding_batch",
    "holding_key",
    "list_batches",
    "list_item_ids",
    "open_batch",
    "read_items",
    "try_holding_batch",
]
