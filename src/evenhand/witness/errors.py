"""What keeps a witness from working; the command's exit code follows these two."""


class WitnessError(Exception):
    """A file is damaged, unsafe or cannot be read or written (exit code 3)."""


class WrongUseError(Exception):
    """What the command was told cannot be right (exit code 2)."""
