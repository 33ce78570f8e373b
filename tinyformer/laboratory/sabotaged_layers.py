"""Layers that are built wrong, each a subclass that spoils one thing. `sabotage.py` says what they are and who notices.

Nothing in the engine uses them: a private copy of a model gets them from outside.
"""

from tinyformer.layers import LayerNorm, MultiHeadAttention, Softmax, scaled_dot_product_attention
from tinyformer.layers.activations import SoftmaxTape
from tinyformer.layers.attention import scaled_dot_product_attention_backward
from tinyformer.layers.rows import column_sums
from tinyformer.loss import CrossEntropyLoss
from tinyformer.transformer import Transformer
from tinyformer.transformer_block import TransformerBlock


class GradientOfVForAll(MultiHeadAttention):
    """Q and K get the gradient of V."""

    @staticmethod
    def core_backward(dy, tape):
        _, _, dv = scaled_dot_product_attention_backward(dy, tape)
        return dv[..., : dy.shape[-2], :], dv, dv


class NoJacobian(MultiHeadAttention):
    """The gradient at the weights is taken for the one at the scores."""

    @staticmethod
    def core_backward(dy, tape):
        q, k, v, weights, scale = tape
        d_scores = dy @ v.swapaxes(-1, -2) * scale
        return d_scores @ k, d_scores.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ dy


class MaskAfterSoftmax(MultiHeadAttention):
    """Padding takes part in the softmax, its weights are set to 0 afterwards. The backward pass fits the forward."""

    def forward(self, x, mask=None, num_queries=None):
        y, tape = super().forward(x, None, num_queries)
        if mask is None:
            return y, tape
        core = tape.core._replace(weights=tape.core.weights * mask[:, None, None, :])
        y, output = self.output.forward(self.merge_heads(core.weights @ core.v))
        return y, tape._replace(core=core, output=output)

    @staticmethod
    def core_backward(dy, tape):
        q, k, v, weights, scale = tape
        _, unmasked = scaled_dot_product_attention(q, k, v, scaled=scale != 1)
        d_weights = dy @ v.swapaxes(-1, -2) * (weights > 0)
        d_scores = Softmax().backward(d_weights, SoftmaxTape(unmasked.weights))
        d_scores *= d_scores.dtype.type(scale)
        return d_scores @ k, d_scores.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ dy


class NormWithoutMeans(LayerNorm):
    """The gradient's ways through the mean and the variance are forgotten."""

    def backward(self, dy, tape):
        self.beta.gradient += column_sums(dy)
        self.gamma.gradient += column_sums(dy * tape.normalized)
        return dy * self.gamma.value * tape.inverse_std


class NoResidualBackward(TransformerBlock):
    """The gradient comes back through the sublayers only, not along the residual paths. (Dropout is left out.)"""

    def backward(self, dy, tape):
        attention, feed_forward = self.attention.backward, self.feed_forward.backward
        attention_norm, feed_forward_norm = self.attention_norm.backward, self.feed_forward_norm.backward
        if self.norm_first:
            d_middle = feed_forward_norm(feed_forward(dy, tape.feed_forward), tape.feed_forward_norm)
            return attention_norm(attention(d_middle, tape.attention), tape.attention_norm)
        d_middle = feed_forward(feed_forward_norm(dy, tape.feed_forward_norm), tape.feed_forward)
        return attention(attention_norm(d_middle, tape.attention_norm), tape.attention)


class KeepsOldGradients(Transformer):
    """zero_grad does nothing, so that each backward pass adds to the last."""

    def zero_grad(self):
        pass


class DifferentiatedTwice(CrossEntropyLoss):
    """The fused gradient p − y has been through the softmax already; here it goes through once more."""

    def backward(self, tape):
        return Softmax().backward(super().backward(tape), SoftmaxTape(tape.probabilities))
