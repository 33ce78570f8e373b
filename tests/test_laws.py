"""The laws of the house, read from the source: who may import whom, and what a forward pass may not do."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENGINE, DASHBOARD = ROOT / "tinyformer", ROOT / "dashboard"
SEEDED = {"default_rng", "Generator", "SeedSequence", "PCG64"}  # all of numpy.random that may be used


def modules(folder):
    """Dotted name → syntax tree of every module in a folder of the repository."""
    return {dotted(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}


def dotted(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def walk(tree):
    """Every node of a syntax tree, the tree included."""
    return list(ast.walk(tree))


@cache
def imports(tree):
    """[(name, lazy), …]: everything imported as a dotted name; lazy if inside a function."""
    functions = [node for node in walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(node) for function in functions for node in walk(function)}
    found = []
    for node in walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in inside) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            found += [(f"{node.module}.{alias.name}", id(node) in inside) for alias in node.names]
    return found


def within(name, *packages):
    """Is a dotted name one of these packages, or inside one of them?"""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def foreign_imports(trees):
    """module → imports from outside the standard library, NumPy and the engine; lazily also two extras."""
    return {
        module: foreign
        for module, tree in trees.items()
        if (
            foreign := {
                name
                for name, lazy in imports(tree)
                if name.split(".")[0] not in sys.stdlib_module_names
                and not within(name, "numpy", "tinyformer")
                and not (within(name, "distributed", "simpleeval") and lazy)
            }
        )
    }


def importers(trees, *packages, among):
    """The modules inside the package `among` that import from one of the packages."""
    return {
        module
        for module, tree in trees.items()
        if within(module, among) and any(within(name, *packages) for name, _ in imports(tree))
    }


def circle(trees):
    """A circle of imports, as the list of its modules, or None. Lazy ones count: they only hide it."""
    edges = {module: set() for module in trees}
    for module, tree in trees.items():
        for name, _ in imports(tree):
            target = name if name in trees else name.rpartition(".")[0]
            if target in trees and target != module:
                edges[module].add(target)
    done, path = set(), []

    def visit(module):
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        path.append(module)
        found = next(filter(None, map(visit, sorted(edges[module]))), None)
        path.pop()
        done.add(module)
        return found

    return next(filter(None, map(visit, sorted(edges))), None)


def chained(node):
    """The dotted name of a chain of attributes such as np.random.seed, or ''."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def uncontrolled_randomness(tree):
    """Line numbers where a global or an unseeded generator is used."""
    for node in walk(tree):
        name = chained(node) if isinstance(node, ast.Attribute) else ""
        if name.startswith(("np.random.", "numpy.random.")) and name.split(".")[2] not in SEEDED:
            yield node.lineno
        if isinstance(node, ast.Call) and chained(node.func).endswith("random.default_rng") and not node.args:
            yield node.lineno
    for name, _ in imports(tree):
        if within(name, "random") or (within(name, "numpy.random") and name.split(".")[-1] not in SEEDED):
            yield 0


def writes_to_self(tree):
    """Yield "Class.method, line N" wherever a forward pass or a prediction assigns to something that hangs on self."""
    for cls in walk(tree):
        for method in cls.body if isinstance(cls, ast.ClassDef) else ():
            if not isinstance(method, ast.FunctionDef) or not method.name.startswith(("forward", "predict", "_useful")):
                continue
            for node in walk(method):
                stored = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
                in_place = isinstance(node, ast.keyword) and node.arg == "out"
                target = node.value if in_place else node if stored else None
                call = isinstance(node, ast.Call) and chained(node.func) in ("setattr", "object.__setattr__")
                while isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
                    target = target.value
                if call or (isinstance(target, ast.Name) and target.id == "self"):
                    yield f"{cls.name}.{method.name}, line {method.lineno}"


def uses_of(tree, *names):
    return [node.lineno for node in walk(tree) if isinstance(node, ast.Call) and chained(node.func) in names]


engine, dashboard = modules(ENGINE), modules(DASHBOARD)


def test_the_engine_imports_numpy_and_the_standard_library_only():
    assert foreign_imports(engine) == {}


def test_layers_know_nothing_of_optimizers_training_and_data():
    layers = {module: tree for module, tree in engine.items() if within(module, "tinyformer.layers")}
    assert len(layers) > 8
    for module, tree in layers.items():
        ours = {name for name, _ in imports(tree) if within(name, "tinyformer")}
        assert {name for name in ours if not within(name, "tinyformer.layers", "tinyformer.parameters")} == set(), (
            module
        )


def test_the_engine_knows_nothing_of_the_dashboard():
    assert importers(engine, "dashboard", among="tinyformer") == set()


def test_charts_know_nothing_of_streamlit():
    assert any(within(module, "dashboard.charts") for module in dashboard)
    assert importers(dashboard, "streamlit", among="dashboard.charts") == set()


def test_layers_are_the_subject_of_the_layer_lab_only():
    views = importers(dashboard, "tinyformer.layers", among="dashboard.views")
    assert views - {"dashboard.views.layer_lab"} == set()


def test_no_circle_of_imports():
    found = circle(engine | dashboard)
    assert found is None, " → ".join(found)


def test_torch_and_jax_occur_in_tests_only():
    everywhere = engine | dashboard
    assert {module for module, tree in everywhere.items() for name, _ in imports(tree)
            if within(name, "torch", "jax", "tensorflow", "scipy", "sklearn")} == set()  # fmt: skip


def test_randomness_is_a_generator_with_a_seed():
    assert {module: lines for module, tree in engine.items() if (lines := list(uncontrolled_randomness(tree)))} == {}


def test_nothing_is_evaluated_or_unpickled():
    for module, tree in (engine | dashboard).items():
        assert uses_of(tree, "eval", "exec", "compile", "__import__", "pickle.load", "pickle.loads") == [], module
        assert not [name for name, _ in imports(tree) if within(name, "pickle", "marshal", "shelve", "dill")], module
        keywords = [node for node in walk(tree) if isinstance(node, ast.keyword) and node.arg == "allow_pickle"]
        assert all(isinstance(k.value, ast.Constant) and k.value.value is False for k in keywords), module


def test_a_forward_pass_writes_nothing_to_self():
    shared = ("tinyformer.layers", "tinyformer.transformer", "tinyformer.transformer_block", "tinyformer.loss")
    trees = {module: tree for module, tree in engine.items() if within(module, *shared)}
    assert {module: found for module, tree in trees.items() if (found := list(writes_to_self(tree)))} == {}


def test_every_module_says_what_it_is():
    assert [module for module, tree in (engine | dashboard).items() if tree.body and not ast.get_docstring(tree)] == []


# The judges are judged: each law finds the offender in a made-up source.


@pytest.mark.parametrize(
    "source", ["import torch", "from pandas import DataFrame", "import distributed", "import simpleeval"]
)
def test_a_foreign_import_is_seen(source):
    assert foreign_imports({"a": ast.parse(source)})
    assert foreign_imports({"a": ast.parse("def f():\n    import distributed\n    import os, numpy.linalg")}) == {}


def test_a_circle_is_seen():
    sources = {"p": "", "p.a": "from p.b import x", "p.b": "def f():\n    import p.c", "p.c": "from p import a"}
    assert set(circle({name: ast.parse(source) for name, source in sources.items()})) == {"p.a", "p.b", "p.c"}
    sources["p.c"] = "import os"
    assert circle({name: ast.parse(source) for name, source in sources.items()}) is None


@pytest.mark.parametrize(
    "line",
    [
        "self.x = 1",
        "self.x[0] += 1",
        "self.a.b, y = 1, 2",
        "np.exp(y, out=self.x)",
        "del self.x",
        "setattr(self, 'x', 1)",
    ],
)
def test_a_write_to_self_is_seen(line):
    assert list(writes_to_self(ast.parse(f"class A:\n  def forward(self, y):\n    {line}")))
    assert not list(writes_to_self(ast.parse(f"class A:\n  def backward(self, y):\n    {line}")))
    assert not list(writes_to_self(ast.parse("class A:\n  def forward(self, y):\n    y = self.x; y[0] = self.z")))


@pytest.mark.parametrize(
    "line",
    ["np.random.seed(0)", "np.random.rand(3)", "np.random.default_rng()", "import random", "from random import x"],
)
def test_randomness_without_a_seed_is_seen(line):
    assert list(uncontrolled_randomness(ast.parse(line)))
    assert not list(uncontrolled_randomness(ast.parse("rng = np.random.default_rng(3); rng.random(2)")))


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
