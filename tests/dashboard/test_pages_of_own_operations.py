"""Models of operations of one's own, and of a table, on every page: beside one that ships, and alone."""

import re
import shlex
import time

import pytest
from app_reading import charts, frames, write_once
from small import mostly_slow

from dashboard import questions
from dashboard.evaluate import asked
from dashboard.explore.sections import SECTIONS
from dashboard.train import operations
from tinyformer import Expression, ExpressionError, TrainingConfig, Transformer, TransformerConfig
from tinyformer.cli import build_parser
from tinyformer.cli.options import training_config
from tinyformer.evaluation import finding
from tinyformer.evaluation.evaluate import evaluate
from tinyformer.evaluation.length_generalization import LengthAccuracy
from tinyformer.interpret import focus, random_pairs, role_shares, space_patterns
from tinyformer.interpret.sampling import space_of_task, tokens_of_length
from tinyformer.runs import list_runs
from tinyformer.task.datasets import expression_space
from tinyformer.task.operations import Operation
from tinyformer.task.task import DEFAULT_TASK, Task

GAP = Operation.of_formula("Gap", "max(x) - min(x)")
OWN = ("Max", "Sum", GAP)
PAIRS = Operation.of_table("Win", {(a, b): max(a, b) for a in range(10) for b in range(10)} | {(1, 2, 3, 4): 4})
ODD = Operation.of_table("Odd", {(a, b, c): a % 2 for a in range(10) for b in range(6) for c in range(7)})
TINY = TransformerConfig(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=16)
EVALUATE = ("lengths", "truth", "mistakes", "calibration", "embeddings", "own", "sweep")
BENCHES = ("tokenizer", "embedding", "linear", "softmax", "cross_entropy", "relu")
SHOWN = [
    (("own", "seed-42"), "Gap ( 5 3 9 )"),
    (("seed-42", "own"), "Max ( 5 3 9 )"),
    (("win", "odd"), "Win ( 3 4 )"),
]


def write(folder, name, operations, num_args=3):
    config = TrainingConfig(operations=operations, num_args=num_args, model=TINY)
    write_once(folder / f"{name}.npz", Transformer(config.model, seed=1), config)


@pytest.fixture
def page(app, folder):
    """page(models, expression, view=None) → the app, with these on display."""
    write(folder, "own", OWN)
    write(folder, "win", (PAIRS,), (2, 4))
    write(folder, "odd", (ODD,))
    app.run()

    def show(models, expression, view=None):
        app.session_state["models"], app.session_state["expression"] = list(models), expression
        app.run()
        if view:
            app.switch_page(f"views/{view}.py").run()
        assert not app.exception
        return app

    return show


def words(app):
    """All that the page says in sentences."""
    kinds = (app.markdown, app.caption, app.info, app.warning, app.success, app.error, app.text)
    return " ".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("models, expression", SHOWN)
def test_home_answers_for_those_who_know_and_says_who_does_not(page, models, expression):
    app = page(models, expression)
    ignorant = re.findall(r"The model (\S+) was trained on", words(app))
    knows = {"own": "Max Gap", "seed-42": "Max", "win": "Win", "odd": "Odd"}
    assert ignorant == [name for name in models if expression.split()[0] not in knows[name]]
    tried = [button.label for button in app.main.button]
    assert any(label.split()[0] in knows[models[0]] for label in tried)
    next(button for button in app.main.button if button.label == "Surprise me").click().run()
    assert not app.exception and "Still showing" not in words(app)


@pytest.mark.parametrize("models, expression", mostly_slow(SHOWN, SHOWN[0]))
def test_every_section_of_evaluate_is_drawn_and_counts_what_is_there(page, models, expression):
    app = page(models, expression, "evaluate")
    for section in EVALUATE:
        app.session_state["section"] = section
        app.run()
        assert not app.exception, section
        assert models[0] == "seed-42" or "5,000" not in words(app), section


@pytest.mark.slow
@pytest.mark.parametrize("models, expression", [SHOWN[0], SHOWN[2]])
def test_every_view_of_explore_attention_is_drawn(page, models, expression):
    app = page(models, expression, "explore_attention")
    for section in SECTIONS.values():
        for view in section.views:
            app.session_state["look"], app.session_state[section.key] = section.title, view
            deadline = time.monotonic() + 60
            while True:
                app.run()
                assert not app.exception, view
                if not app.get("progress") or time.monotonic() > deadline:
                    break
                time.sleep(0.1)
            assert "5,000" not in words(app), view


@pytest.mark.parametrize(
    "bench",
    mostly_slow(["tokenizer", "embedding", "linear", "softmax", "cross_entropy", "relu"], "tokenizer", "softmax"),
)
def test_a_bench_of_the_lab_shows_the_model_with_its_own_vocabulary(page, bench):
    app = page(["own"], "Gap ( 5 3 9 )", "layer_lab")
    app.session_state["bench"] = bench
    app.run()
    assert not app.exception
    if bench == "tokenizer":
        assert "`Sum` 20 · `Gap` 21" in words(app) and "[21, 17, 7, 5, 11, 18]" in words(app)


def test_the_lab_says_that_a_model_does_not_know_the_operation(page):
    app = page(["seed-42", "own"], "Gap ( 5 3 9 )", "layer_lab")
    assert "The model seed-42 was trained on First, Second, Last, Max, Min; it does not know Gap." in words(app)
    app.session_state["bench-model"] = "own"
    assert "does not know" not in words(app.run()) and not app.exception


def test_what_no_model_on_display_knows_is_explained_and_something_else_is_shown(page):
    app = page(["own"], "Median ( 1 2 3 )")
    assert "The model own was trained on Max, Sum, Gap; it does not know Median" in words(app)
    assert "Still showing Max ( 3 9 1 )" in words(app)


def test_models_of_different_operations_agree_on_what_both_know(page):
    app = page(["own", "seed-42"], "Max ( 5 3 9 )", "evaluate")
    app.session_state["section"], app.session_state["side"] = "mistakes", "all"
    app.run()
    assert "1,000 expressions, those that are on the chosen side for every model on display, and that all" in words(app)


def test_a_truth_map_has_the_cells_of_a_table_and_the_operations_of_both(page):
    app = page(["odd", "seed-42"], "Max ( 5 3 9 )", "evaluate")
    app.session_state["section"] = "truth"
    (cells,) = frames(app.run(), "begins_grid")
    assert len(cells) == 420 and cells["begins_grid"].sum() == 10 and cells["begins_column"].sum() == 70
    page(["own", "seed-42"], "Max ( 5 3 9 )")
    app.session_state["section"] = "truth"
    app.session_state["map"], app.session_state["versus"] = "own", "seed-42"
    app.switch_page("views/evaluate.py").run()
    assert [frame["operation"][0] for frame in frames(app, "state")] == ["Max"]
    assert "Only the operations that both know can be compared." in words(app)


def test_the_same_name_with_another_rule_is_another_operation():
    other = Operation.of_formula("Gap", "abs(x[0] - x[-1])")
    assert list(questions.titles([GAP, other, GAP]).values()) == [str(GAP), str(other)]
    assert questions.titles([GAP]) == {GAP: "Gap"}
    readers = [questions.Reader(name, Task((op,)), TINY) for name, op in (("a", GAP), ("b", other))]
    assert [reader.question("Gap(5 3 9)").answer for reader in readers] == [6, 4]
    spaces = [
        evaluate(Transformer(TransformerConfig(vocab_size=21)), expression_space(task=one.task)) for one in readers
    ]
    assert not set(asked._questions(spaces[0])) & set(asked._questions(spaces[1]))


def test_a_reader_says_what_it_was_trained_on():
    error = questions.Reader("the model m", DEFAULT_TASK, TINY).question(Expression("Gap", (1, 2), Task((GAP,))))
    assert isinstance(error, ExpressionError)
    assert error.reason == "the model m was trained on First, Second, Last, Max, Min; it does not know Gap"


def test_roles_and_focus_claim_nothing_of_an_operation_that_computes_its_answer():
    task = Task.of("First", "Max", "Sum", GAP)
    space = space_of_task(task)
    patterns = space_patterns(Transformer(TINY.__class__(**vars(TINY) | {"vocab_size": task.vocab_size})), space)
    shares = role_shares(patterns)
    answer = shares.roles.index("answer")
    assert (shares.of_read_rows(0)[:, 2:, answer] == 0).all() and (shares.of_read_rows(0)[:, :2, answer] > 0).all()
    means = focus(patterns).per_operation
    assert (focus(patterns).difference == means[..., 1] - means[..., 0]).all()  # Max against First, Sum and Gap apart


def test_focus_is_compared_among_models_of_the_same_operations_of_both_kinds(page, folder):
    """The model "fewer" has both kinds, but others than the first; "own" has no operation that asks for a place."""
    write(folder, "both", ("First", "Second", "Max"))
    write(folder, "fewer", ("First", "Max"))
    app = page(["both", "fewer", "own"], "Max ( 5 3 9 )", "explore_attention")
    app.session_state["look"], app.session_state["drawn"] = "Where do they look?", "Focus"
    deadline = time.monotonic() + 60
    while app.run().get("progress") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not app.exception and "Max against First and Second" in [header.value for header in app.header]
    assert "Not in this comparison: fewer, own. " in words(app)
    assert "every model has to know the same ones." in words(app)
    assert set(frames(app, "difference", "kind")[0].query("kind == 'model'")["model"]) == {"both"}


def test_pairs_and_samples_are_of_the_task():
    pairs = random_pairs(3, ("Odd",), task=Task((ODD,)))
    assert len(pairs.clean) == 40 and {pair[0] for pair in pairs.clean} == {20}
    constant = Task.of(Operation.of_formula("Five", "5"))
    assert random_pairs(3, constant.names, task=constant).clean.shape == (0, 6)
    assert tokens_of_length(2, task=Task((PAIRS,))).shape == (100, 5)
    assert space_of_task(Task((PAIRS, ODD))).names == ("Odd",)  # the other has none of three numbers


def test_nothing_is_said_of_where_a_model_begins_to_fail_that_fails_within_its_training():
    fails = [LengthAccuracy(n, n == 3, 5, 10, 0.5, 0.3, 0.7, 1.0, 0.9) for n in (3, 4)]
    assert finding.beyond(["own"], [fails]) == ""


def button(app, label):
    return next(one for one in app.button if one.label == label)


def test_train_shows_at_once_what_a_rule_asks(app, folder):
    app.run()
    app.switch_page("views/train.py").run()
    assert "It learns First, Second, Last, Max, Min." in words(app)
    app.text_input(key="name").set_value("Gap")
    app.text_input(key="rule").set_value("max(x) - min(x)").run()
    assert not app.exception and not app.error
    (frame,) = [frame for _, frame, _ in charts(app) if "label" in frame]
    assert frame["value"].tolist() == [10, 54, 96, 126, 144, 150, 144, 126, 96, 54]
    assert "Right on the test side without a model: most frequent answer 12.8%, copy the first 14.9%." in words(app)
    assert len(app.dataframe[0].value) == 10
    app.button(key="example-Rises").click().run()
    assert app.text_input(key="rule").value == "x == sorted(x)"
    button(app, "And another one").click().run()
    app.text_input(key="name").set_value("Gap")
    app.text_input(key="rule").set_value("max(x) - min(x)").run()
    typed = shlex.split(app.code[0].value.splitlines()[0])
    assert typed[typed.index("--operations") + 1] == "First,Second,Last,Max,Min"
    args = build_parser().parse_args(typed[3:])
    rises = Operation.of_formula("Rises", "x == sorted(x)")
    assert training_config(args, seed=42) == TrainingConfig(operations=(*DEFAULT_TASK.operations, rises, GAP))


@pytest.mark.parametrize("name, rule, complaint", [
    ("Max", "x[0]", "Max is an operation that is built in"),
    ("A", "9**9**9**9", "an exponent is from 0 to 64"),
    ("A", "().__class__", "A = ().__class__"),
    ("A", "x[99]", "a place that is not there"),
    ("A", "sum(x)", "not a digit from 0 to 9"),
    ("[PAD]", "x[0]", "a word of 1 to 20 letters"),
    ("A", "", "A has no rule yet"),
    ("Мах", "x[0]", "a word of 1 to 20 letters"),
])  # fmt: skip
def test_a_rule_that_is_none_is_refused_in_a_sentence(app, folder, name, rule, complaint):
    app.run()
    app.switch_page("views/train.py").run()
    app.text_input(key="name").set_value(name)
    app.text_input(key="rule").set_value(rule).run()
    assert not app.exception
    assert complaint in app.error[0].value.replace("\\", "").replace("\u2060", "")
    assert button(app, "Start training").disabled


@pytest.mark.slow
def test_a_link_sets_the_operations_and_trains_them(app, folder):
    app.query_params["ops"] = ["Sum", "Max"]
    app.query_params["rules"] = ["Ends=(x[0] + x[-1]) % 10"]
    app.query_params["name"], app.query_params["rule"] = "Gap", "max(x) - min(x)"
    app.run()
    app.switch_page("views/train.py").run()
    assert "It learns Max, Sum, Ends, Gap." in words(app)
    app.text_input(key="seeds").set_value("3")
    app.number_input(key="epochs").set_value(1)
    app.button_group(key="size").set_value("small · 1K").run()
    button(app, "Start training").click().run()
    (run,) = list_runs()
    assert [str(one) for one in run.config.operations] == ["Max", "Sum", "Ends = (x[0] + x[-1]) % 10", str(GAP)]
    while run.status().state in ("queued", "running"):
        time.sleep(0.2)
    app.run()
    assert not app.exception
    titles = [spec["title"] if isinstance(spec.get("title"), str) else spec.get("title", {}).get("text")
              for spec, _, _ in charts(app)]  # fmt: skip
    assert {"Max", "Sum", "Ends", "Gap"} <= set(titles)
    for closer in ("Watch it form", "One step under the microscope"):
        app.session_state["closer"] = closer
        assert not app.run().exception, closer


def test_a_table_is_trained_with_its_own_numbers_or_refused_by_its_line(app, folder):
    app.run()
    app.switch_page("views/train.py").run()
    app.session_state["_table_kept"] = ("win.csv", b"Win(1 2),2\nWin(3 1 4 1),4\nWin(1 2),2\n")
    app.session_state["ops"] = []
    app.run()
    assert not app.exception
    assert "**win.csv** has 2 expressions of Win; lines that repeat one: 1." in words(app)
    typed = shlex.split(app.code[0].value.splitlines()[0])
    assert typed[typed.index("--num-args") + 1] == "2-4" and typed[typed.index("--table") + 1] == "Win.csv"
    assert (
        operations.table_text(Operation.of_table("Win", {(1, 2): 2, (3, 1, 4, 1): 4})) == "Win(1 2),2\nWin(3 1 4 1),4\n"
    )
    app.session_state["_table_kept"] = ("bad.csv", b"Win(1 2),2\nWin(1 2),3\n")
    app.run()
    assert "bad.csv: line 2: it contradicts line 1" in app.error[0].value and button(app, "Start training").disabled
