"""First the chosen sides as chats, then pairs, on the same adapter; the reference of the second stage is the first's
end."""

from __future__ import annotations

STAGES = ("sft", "dpo")
