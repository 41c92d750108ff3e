"""What a device is settled to: the same bytes at every run, and no time lost to the system's memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mallopt is glibc's")
def test_a_step_on_a_cpu_reuses_the_memory_of_the_one_before() -> None:
    """Counted in page faults by a process of its own: without `settle` each tensor is filled by the system anew."""
    code = """
import resource, sys, torch
from backends import devices
if sys.argv[1] == "settled":
    devices.settle(devices.choose())
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(24): torch.ones(16_000_000)
before = faults()
for _ in range(8): torch.ones(16_000_000)
print(faults() - before)
"""
    found = {
        how: int(subprocess.run([sys.executable, "-c", code, how], capture_output=True, text=True, check=True).stdout)
        for how in ("settled", "as it comes")
    }
    assert found["settled"] < found["as it comes"] / 4, found
