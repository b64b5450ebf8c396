"""Run a witness on its own: ``python -m evenhand.witness serve …``."""

import sys

from evenhand.witness.cli import main

sys.exit(main())
