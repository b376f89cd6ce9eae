"""``python -m polyfuse`` is the command ``polyfuse``."""

import sys

from .cli import main

sys.exit(main())
