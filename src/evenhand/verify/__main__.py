"""Run the verifier on its own: ``python -m evenhand.verify log verify …``."""

import sys

from evenhand.verify.cli import main

sys.exit(main())
