"""The geometry of embeddings, on vectors whose geometry is known."""

import numpy as np
import pytest

from tinyformer import Transformer
from tinyformer.evaluation.embeddings import (
    cosine_similarity,
    digit_embeddings,
    distances,
    number_sense,
    principal_components,
    rank_correlation,
)


def test_digit_embeddings_are_the_rows_that_the_model_looks_up():
    model = Transformer(seed=3)
    looked_up, _ = model.embedding.forward(np.array([[2, 11]]))
    np.testing.assert_array_equal(digit_embeddings(model)[[0, 9]], looked_up[0])


def test_cosines_of_known_angles():
    vectors = np.array([[1.0, 0], [5, 5], [0, 2], [-3, 0], [0, 0]])
    root = np.sqrt(0.5)
    expected = [[1, root, 0, -1, 0], [root, 1, root, -root, 0], [0, root, 1, 0, 0], [-1, -root, 0, 1, 0], [0] * 5]
    np.testing.assert_allclose(cosine_similarity(vectors), expected, atol=1e-12)


def test_two_components_of_points_in_a_plane_keep_all_distances():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(10, 2)) * [3, 1]
    turned = np.linalg.qr(rng.normal(size=(7, 7)))[0]
    vectors = np.pad(flat, ((0, 0), (0, 5))) @ turned + 4
    coordinates, shares = principal_components(vectors)
    np.testing.assert_allclose(distances(coordinates), distances(flat), atol=1e-9)
    assert shares.sum() == pytest.approx(1) and shares[0] > shares[1]


def test_spearman_against_a_table_worked_by_hand():
    # Ranks 0 1.5 1.5 3 and 0 1 2 3: Σ(a-1.5)(b-1.5) = 4.5, √(4.5 · 5).
    assert rank_correlation([10, 20, 20, 90], [1, 2, 3, 4]) == pytest.approx(4.5 / np.sqrt(22.5))
    assert rank_correlation([1, 2, 3], [9, 4, 1]) == pytest.approx(-1)
    assert np.isnan(rank_correlation([1, 1, 1], [1, 2, 3]))


def test_a_ruler_has_number_sense_and_shuffled_vectors_have_none():
    ruler = np.arange(10.0)[:, None] * np.ones((1, 6))  # whole numbers: equal distances are equal to the last bit
    sense = number_sense(ruler)
    assert sense.correlation == pytest.approx(1) and sense.by_chance < 0.002
    rng = np.random.default_rng(1)
    chances = [number_sense(rng.normal(size=(10, 64)), seed=seed).by_chance for seed in range(40)]
    assert 0.3 < np.mean(chances) < 0.7  # even over [0, 1], as a p-value of nothing must be
