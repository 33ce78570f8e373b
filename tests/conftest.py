"""What every test can rely on."""

import sys

import pytest

MAIN = sys.modules["__main__"]  # before any test, and any fixture of a module


@pytest.fixture(autouse=True)
def main_module():
    """AppTest leaves the app as `__main__`. A process that is spawned later would run it as its own beginning."""
    sys.modules["__main__"] = MAIN
    yield
    sys.modules["__main__"] = MAIN
