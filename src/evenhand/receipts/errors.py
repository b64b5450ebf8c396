"""What a log entry or a receipt that does not hold raises."""


class LeafError(ValueError):
    """A log entry is malformed, or its details do not open under the key."""


class ReceiptError(ValueError):
    """A receipt is malformed or proves nothing under the given key."""
