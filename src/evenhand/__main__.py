"""`python -m evenhand`: the same as the command `evenhand`."""

import sys

from evenhand.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
