"""Two parameters on their way downhill, with the optimizers of the package: what momentum and Adam do, as a path."""

from typing import NamedTuple

import numpy as np

from tinyformer.optimizer import SGD, Adam
from tinyformer.parameters import Layer, Parameter


class Landscape(Layer):
    """A loss of two parameters, (2,) → (): `loss(x, y)` and its gradient by hand, `slope(x, y)`."""

    def __init__(self, loss, slope):
        self.loss, self.slope = loss, slope

    def forward(self, point):
        return np.asarray(self.loss(*point)), np.array(point)

    def backward(self, dy, tape):
        return dy * np.array(self.slope(*tape))


class Place(NamedTuple):
    landscape: Landscape
    start: tuple[float, float]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    minimum: tuple[float, float]


LANDSCAPES = {
    "long valley": Place(
        Landscape(lambda x, y: (x**2 + 20 * y**2) / 2, lambda x, y: (x, 20 * y)),
        (-4.0, 1.5), (-5, 5), (-2.5, 2.5), (0.0, 0.0),
    ),
    "tilted valley": Place(
        Landscape(
            lambda x, y: ((x + y) ** 2 + 20 * (x - y) ** 2) / 4,
            lambda x, y: ((x + y + 20 * (x - y)) / 2, (x + y - 20 * (x - y)) / 2),
        ),
        (-3.0, -1.0), (-5, 5), (-2.5, 2.5), (0.0, 0.0),
    ),
    "banana (Rosenbrock)": Place(
        Landscape(
            lambda x, y: (1 - x) ** 2 + 5 * (y - x**2) ** 2,
            lambda x, y: (-2 * (1 - x) - 20 * x * (y - x**2), 10 * (y - x**2)),
        ),
        (-1.5, 2.0), (-2.5, 2.5), (-1, 3), (1.0, 1.0),
    ),
}  # fmt: skip
METHODS = ("SGD", "SGD with momentum", "Adam", "Adam without bias correction")
LONG_AGO = 10**7  # steps after which nothing is left of Adam's correction


def descend(place, method, learning_rate, steps=60, momentum=0.9, beta2=0.999):
    """Walk down a Place → the points (steps + 1, 2), the start first. It ends early where it leaves for infinity."""
    point = Parameter(np.array(place.start))

    def pairs():
        return [(point.value, point.gradient)]

    if method.startswith("SGD"):
        optimizer = SGD(pairs, learning_rate, momentum if "momentum" in method else 0.0)
    else:
        optimizer = Adam(pairs, learning_rate, beta2=beta2)
        optimizer.step_count = LONG_AGO if "without" in method else 0
    path = [point.value.copy()]
    for _ in range(steps):
        _, tape = place.landscape.forward(point.value)
        point.gradient[:] = place.landscape.backward(1.0, tape)
        optimizer.step()
        if not np.abs(point.value).max() < 1e6:
            break
        path.append(point.value.copy())
    return np.array(path)


class AdamStep(NamedTuple):
    """One step of Adam in numbers, each (2,), one for each parameter."""

    gradient: np.ndarray
    m: np.ndarray
    v: np.ndarray
    m_corrected: np.ndarray
    v_corrected: np.ndarray
    change: np.ndarray  # what is added to the parameters


def adam_steps(place, learning_rate, steps=60):
    """The path of Adam down a Place, step by step: a list of AdamStep. m and v are read from the optimizer itself."""
    point, taken = Parameter(np.array(place.start)), []
    optimizer = Adam(lambda: [(point.value, point.gradient)], learning_rate)
    for t in range(1, steps + 1):
        before = point.value.copy()
        point.gradient[:] = place.landscape.slope(*before)
        optimizer.step()
        m, v = (array.copy() for array in optimizer.state)
        corrected = m / (1 - optimizer.beta1**t), v / (1 - optimizer.beta2**t)
        taken.append(AdamStep(point.gradient.copy(), m, v, *corrected, point.value - before))
    return taken


def heights(place, columns=36, rows=24):
    """The loss on a grid: x (columns,), y (rows,), log(1 + loss) (rows, columns), to be drawn as a map."""
    x, y = np.linspace(*place.x_range, columns), np.linspace(*place.y_range, rows)
    return x, y, np.log1p(place.landscape.loss(x[None, :], y[:, None]))
