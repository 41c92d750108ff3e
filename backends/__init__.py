"""The heavy part: what loads models. Importing this package loads none of the heavy libraries."""

from __future__ import annotations

import os

# Nothing is sent to anybody. The hub's library reads these when it is imported, so they are set before all else.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
