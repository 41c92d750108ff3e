"""What every record is, and what all kinds of them are made of.

In: nothing. Out: `Record`, messages, arms. All records are frozen and refuse unknown keys, so that a file written by
another version fails where it is read and not three stages later. This file must not know what is recorded.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

RECORD_VERSION = 1


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Role = Literal["system", "user", "assistant"]


class Message(Record):
    role: Role
    content: str


Arm = Literal["base", "prompt", "steer", "adapter", "adapter+prompt"]
ARMS: tuple[Arm, ...] = ("base", "prompt", "adapter", "adapter+prompt")
"""What is measured of itself; `steer` is where vectors are there."""
ALL_ARMS: tuple[Arm, ...] = ("base", "prompt", "steer", "adapter", "adapter+prompt")
"""In the order of reports."""
