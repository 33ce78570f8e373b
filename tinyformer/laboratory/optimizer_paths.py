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


def heights(place, columns=36, rows=24):
    """The loss on a grid: x (columns,), y (rows,), log(1 + loss) (rows, columns), to be drawn as a map."""
    x, y = np.linspace(*place.x_range, columns), np.linspace(*place.y_range, rows)
    return x, y, np.log1p(place.landscape.loss(x[None, :], y[:, None]))
