"""What every test can rely on."""

import sys

import pytest


@pytest.fixture(autouse=True)
def main_module():
    """AppTest leaves the app as `__main__`. A process that is spawned later would run it as its own beginning."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
