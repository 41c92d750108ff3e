"""Every test here is offline but for servers of its own, and computes with one thread."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TENET_THREADS", "1")
