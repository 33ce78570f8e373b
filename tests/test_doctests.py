"""The examples in docstrings say what really happens."""

import doctest
import importlib
import sys
from pathlib import Path

import pytest

import tinyformer

PACKAGE = Path(tinyformer.__file__).parent
WITH_EXAMPLES = sorted(path for path in PACKAGE.rglob("*.py") if ">>> " in path.read_text())


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.stem)
def test_examples(path):
    module = importlib.import_module(".".join(["tinyformer", *path.relative_to(PACKAGE).with_suffix("").parts]))
    failed, tried = doctest.testmod(module)
    assert tried and not failed


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
