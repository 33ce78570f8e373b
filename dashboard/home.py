"""What the page Home is made of: a question, its way through the model, an answer in a line, the ways on."""

from html import escape

import streamlit as st

from dashboard import glossary, questions, selection
from dashboard.charts.bars import percent
from dashboard.plain_text import html, plain
from tinyformer.task.task import DEFAULT_TASK

TRY = (selection.DEFAULT_EXPRESSION, "Min ( 4 2 5 )", "First ( 5 3 9 )", "Second ( 4 8 7 )", "Last ( 4 7 9 )")
MOST_OWN = 4  # of them, of operations that are not among the usual five
WORTH_SHOWING = 0.005  # of probability: below it, a second answer is a number nobody needs
FOUR_SENTENCES = (
    "A question is cut into {{token|tokens}}, and of each the model is told its number, not its meaning. In every "
    "{{layer}} each token looks at all of them and takes from some, with one {{head}} or with several at once. After "
    "the last layer the answer is read off {read}. A {{seed}} decides the random weights that a model begins with: "
    "trained from different ones, models can answer alike and yet look at different things."
)
HOW_TO_READ = (
    "**Attention.** Each row is one head, and says what the first token takes from each token; a row sums to 1. "
    "Layer 1 looks at the tokens themselves, layer 2 at what layer 1 has made of them. So the answer can depend on a "
    "token that the first one never looks at: another token may have looked at it before.\n\n"
    "**Held out.** The expression was kept out of training and out of every choice, however often examples were drawn. "
    "**Draws**: how often the random examples for training contained it; each is shown once an epoch."
)
WAYS_ON = (
    ("Watch it learn", "views/train.py", {}, "Train models of your own from nothing, and watch."),
    ("Break it", "views/evaluate.py", {"section": "Other lengths"}, "Longer questions than it ever saw."),
    ("Look inside", "views/explore_attention.py", {}, "Every head of every layer: what it looks at, and what it does."),
    ("Build it", "views/layer_lab.py", {}, "Each layer by hand, forward and back, with real bugs to switch on."),
)  # fmt: skip
STYLE = """<style>
.tf-path {display: flex; flex-wrap: wrap; gap: .45rem; align-items: center; font-size: 1.6rem; line-height: 1.25}
.tf-path > span {border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .4rem;
  padding: .1rem .55rem; font-variant-numeric: tabular-nums}
.tf-path > em {font-style: normal; opacity: .72}
.tf-path .tf-layer {font-size: .87rem; padding: .35rem .6rem; text-align: center;
  background: color-mix(in srgb, currentColor 5%, transparent)}
.tf-path .tf-layer i {font-style: normal; letter-spacing: .2em; display: block}
</style>"""


def draw_question():
    """Title, field, and expressions to try. A widget belongs to the script that places it: the entry calls this."""
    st.title("The transformer you can watch think")
    st.markdown(
        "Ask it something about digits. It was written from scratch in NumPy, and every number on this page is "
        "computed live."
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        with st.container(width=300):
            selection.expression_field()
        return st.container(horizontal=True, gap="small", width="content")  # for what can be tried


def draw_tries(place, models):
    """Into its place: expressions that the models on display know. It is known who they are after the sidebar."""
    tasks = list(dict.fromkeys(shown.task for shown in models)) or [DEFAULT_TASK]
    operations = {operation: task for task in tasks for operation in task.operations}
    own = [questions.of_operation(*pair) for pair in operations.items() if pair[0] not in DEFAULT_TASK.operations]
    usual = [text for text in TRY if any(task.find(text.split()[0]) for task in tasks)]
    with place:
        for text in [*map(str, own[:MOST_OWN]), *usual[: len(TRY) - len(own[:MOST_OWN])]]:
            st.button(plain(text), on_click=selection.show_expression, args=(text,), type="tertiary")
        st.button("Surprise me", on_click=_surprise, args=(tasks,), type="tertiary")


def _surprise(tasks):
    selection.show_expression(questions.at_random(tasks))


def draw_four_sentences(models):
    """For who has never seen a transformer. Most models here pool the first token, those of an experiment may not."""
    means = {shown.model.config.pooling == "mean" for shown in models}
    words = {False: "the first token", True: "the mean of all tokens"}
    read = " or ".join(words[mean] for mean in sorted(means))
    glossary.prose(FOUR_SENTENCES.format(read=read))


def draw_path(expression, models, answers):
    """The expression as models get it, the layers of the first, and the right answer: `questions.answers`."""
    config = models[0].model.config
    shapes = {(shown.model.config.num_layers, shown.model.config.num_heads) for shown in models}
    whose = f"<em style='font-size:.87rem'>{html(models[0].name)}</em>" if len(shapes) > 1 else ""
    tokens = "".join(f"<span>{escape(word)}</span>" for word in expression.words)
    heads = f"{config.num_heads} {'head' if config.num_heads == 1 else 'heads'}"
    dots = "●" * config.num_heads if config.num_heads <= 8 else ""
    layer = '<em>→</em><span class="tf-layer"><i aria-hidden="true">{}</i>layer {}, {}</span>'
    numbers = range(1, config.num_layers + 1) if config.num_layers <= 4 else ["1 to " + str(config.num_layers)]
    layers = "".join(layer.format(dots, number, heads) for number in numbers)
    right = "".join(
        f"<span><b>{int(answer)}</b></span><em style='font-size:.87rem'>right answer"
        f"{' to ' + html(', '.join(names)) if len(answers) > 1 else ''}</em>"
        for answer, names in answers.items()
    )
    st.html(f'{STYLE}<div class="tf-path">{tokens}{layers}{whose}<em>→</em>{right}</div>')


def draw_answer(probabilities, expression):
    """What a model answers, (V,) probabilities: the first, how sure, and the others where they are worth a word."""
    words = expression.task.vocabulary
    first, *others = probabilities.argsort()[::-1][:4]
    verdict = "right" if first == expression.answer_token else f"wrong, it is {expression.answer}"
    near = [f"{escape(words[t])} {percent(probabilities[t])}" for t in others if probabilities[t] >= WORTH_SHOWING]
    next_best = f"then {', '.join(near)}" if near else f"no other answer above {WORTH_SHOWING:.1%}"
    st.html(
        f'<div class="tf-answer"><strong>{escape(words[first])}</strong>'
        f"<span>{verdict}, {percent(probabilities[first])} sure<br>"
        f'<span class="tf-note">{next_best}</span></span></div>'
    )


def draw_ways_on():
    """Where to go from here: a way, in the order in which one asks."""
    with st.container(key="aside"):
        st.header("Where to go from here", anchor=False)
        row = st.container(horizontal=True)
    with row:
        for place, (title, page, query, sentence) in enumerate(WAYS_ON, start=1):
            with st.container(width=212):
                st.page_link(page, label=f"**{place}. {title}**", query_params=query or None)
                st.caption(sentence)
