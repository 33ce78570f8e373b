"""The guided path: ten steps, each with something to do and a question whose answer is checked."""

from typing import NamedTuple


class Lesson(NamedTuple):
    title: str
    text: str
    todo: str
    place: dict  # state of the lab that the step happens in
    question: str
    answers: tuple[str, ...]
    right: int  # index into answers
    because: str
    page: str | None = None  # another page's view, where the step happens there
    expression: str | None = None  # to be put on display
    models: tuple[str, ...] = ()  # the same


LESSONS = (
    Lesson(
        "A token becomes a vector",
        "Text is cut into tokens, each token is a number, and that number selects a row of a table. From then on there "
        "are only vectors. Nothing about the token 7 says that it lies between 6 and 8: whatever the model needs of "
        "that, it has to learn.",
        "Open the embedding bench with `Max ( 5 5 9 )`. Look at the two rows of y that belong to the two fives.",
        {"room": "benches", "bench": "embedding"},
        "How do the two rows of the token 5 differ at this point?",
        ("Not at all", "By their position", "By what stands beside them"),
        0,
        "Both select the same row of the table. Position and neighborhood come later.",
        expression="Max ( 5 5 9 )",
    ),
    Lesson(
        "A position becomes a pattern",
        "Attention is a sum, and a sum knows no order. So a pattern is added to each row that depends on its place: "
        "sines and cosines, fast ones first.",
        "Open the positional encoding bench. Move the number of positions and read the curve of dot products.",
        {"room": "benches", "bench": "positional_encoding"},
        "What does the dot product of two positions depend on?",
        ("On the first of the two", "On their distance only", "On the tokens that stand there"),
        1,
        "cos a · cos b + sin a · sin b = cos(a − b): where in the expression the two stand does not matter.",
    ),
    Lesson(
        "A question meets the labels",
        "Each token asks with q and is found by its k. The softmax turns the scores of a row into shares of 1, and the "
        "values v are mixed by these shares.",
        "Open the attention bench and click a cell of the weights, then one of y: the sum is written out below.",
        {"room": "benches", "bench": "attention"},
        "A row of attention weights always sums to …",
        ("the number of tokens", "1", "√K"),
        1,
        "Attention is a weighted mean: it can mix what is there, but not make it larger.",
    ),
    Lesson(
        "Why there is a √K",
        "A dot product of K random numbers grows like √K. Undivided, wide heads would start with most of their weight "
        "on one token.",
        "On the same bench, read the two curves under “Why divide by √K?” from narrow heads to wide ones.",
        {"room": "benches", "bench": "attention"},
        "Without the division, what becomes of the gradient through the softmax as heads get wider?",
        ("It grows", "It shrinks, because the weights come closer to 0 and 1", "It stays the same"),
        1,
        "The derivative is y(1 − y): the closer a weight is to 0 or 1, the less comes through. In heads of width 16, "
        "as here, more than half still does; in heads of width 256, about a fifth.",
    ),
    Lesson(
        "The way past a layer",
        "A sublayer adds to what it is given. The gradient can therefore come back past it, without being multiplied "
        "by its weights.",
        "Open the bench of the residual path and lower the size of the weights of its stack, which has no norms.",
        {"room": "benches", "bench": "residual"},
        "With small weights, how does the gradient reach the first of the 20 layers of this stack?",
        ("Through the layers", "Along the direct path", "Not at all, with or without the path"),
        1,
        "Through the layers it shrinks at each of them; along the direct path of this stack it arrives as it left. In "
        "a post-norm model each norm rescales it on the way: the bench says by how much.",
    ),
    Lesson(
        "Every row on the same scale",
        "Layer norm takes the mean and the scale out of each row; γ and β put in those that training prefers.",
        "Open the layer norm bench. Compare the rows “small steps” and “ten times”.",
        {"room": "benches", "bench": "layer_norm"},
        "A row is multiplied by 10 before the norm. What becomes of its output, and of its gradient dx?",
        ("Output × 10, gradient the same", "Output the same, gradient / 10", "Both the same"),
        1,
        "The scale is divided out. A step of the input now matters a tenth as much, and so does its gradient.",
    ),
    Lesson(
        "How wrong, and which way",
        "The loss is minus the logarithm of the probability of the right answer. Its gradient at the logits is what "
        "was said minus what was right, and everything that is learned begins there.",
        "Open the cross-entropy bench. The loss asks for 3, though 9 is right. Under Backward, read dx, the gradient "
        "at the logits.",
        {"room": "benches", "bench": "cross_entropy", "target": "3"},
        "What do the entries of the gradient at the logits sum to?",
        ("0", "1", "The loss"),
        0,
        "Shares sum to 1 and so does what was right: the difference sums to 0.",
        expression="Max ( 5 3 9 )",
    ),
    Lesson(
        "Forward and back again",
        "Now all of it at once. The values go down, the gradient comes up; each box has a bench.",
        "Follow the expression, with the loss asking for 3. Then let it ask for the right answer.",
        {"room": "follow", "target": "3"},
        "Why is there hardly any gradient when the right answer is asked for?",
        (
            "Because p is nearly 1, and the gradient starts as p − 1",
            "Because the layer norms remove it",
            "Because the weights of a saved model are frozen",
        ),
        0,
        "The model is sure and right: there is nothing left to correct.",
        expression="Max ( 5 3 9 )",
    ),
    Lesson(
        "A bug that learns",
        "A wrong gradient of the right shape raises no error. Often the loss falls all the same, only not as far.",
        "Switch on “Softmax without its Jacobian”, look at the checks, and train 300 steps with and without it.",
        {"room": "sabotage", "bug": "no_jacobian"},
        "The training curve falls with the bug as well. What tells you for certain that something is wrong?",
        ("The loss curve", "The gradient check", "The shapes of the arrays"),
        1,
        "A curve that falls proves little. The check compares each derivative with what it claims to be.",
    ),
    Lesson(
        "The seed decides who looks where",
        "Three models, the same data, the same configuration. Only the first random weights differ, and the order of "
        "the batches. All of them answer right.",
        "Open Explore Attention and compare head 2.1 and head 2.3 of the three models: where does the first token "
        "look?",
        {},
        "For this expression, does a head of the same number look at the same token in all three models?",
        (
            "Yes, every head does",
            "No: which head looks where differs from seed to seed",
            "Yes, in layer 2",
        ),
        1,
        "A head's number says nothing about what it does in another model. That two heads look alike does not yet say "
        "that they do the same work, nor that others do not: that takes patching.",
        page="explore_attention",
        expression="Max ( 5 3 9 )",
        models=("seed-42", "seed-123", "seed-7"),
    ),
)
