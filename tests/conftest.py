"""What all tests share: golden files and how property tests draw their cases.

`pytest --update-golden` writes golden files anew; read the difference before you commit it. Property tests draw the
same cases every time, so that a change fails for what it did and not by luck; `pytest --hypothesis-profile random`
draws new ones, and prints how to replay one that fails.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadlines: a busy machine must not fail a test that says nothing about speed.
settings.register_profile("fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "random", derandomize=False, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Return `check(path, text)`: the file at `path` holds `text`, byte for byte."""
    update = request.config.getoption("--update-golden")

    def check(path: Path, text: str) -> None:
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
            return
        assert path.exists(), f"{path} is not there yet: run pytest with --update-golden, and read what it writes"
        assert text == path.read_bytes().decode("utf-8")

    return check
