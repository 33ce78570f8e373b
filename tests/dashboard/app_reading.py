"""What several tests of the dashboard share: models to show, and what AppTest does not read by itself."""

import json
import os
import re
import zlib
from html import unescape

import pyarrow as pa

from tinyformer import TrainingConfig, Transformer, save_checkpoint


def write_model(folder, name, seed, **settings):
    """An untrained model as a checkpoint file; return its path."""
    model = Transformer(seed=seed, **settings)
    return write_once(folder / f"{name}.npz", model, TrainingConfig(seed=seed, model=model.config))


def write_once(path, model, training):
    """`save_checkpoint`, but the same model has the same time of its file: caches know it from the test before."""
    save_checkpoint(path, model, training=training)
    time = zlib.crc32(model.vector.tobytes() + repr(training).encode())
    os.utime(path, (time, time))
    return path


def charts(app):
    """[(spec, frame, description)] of the charts of the page, in its order."""
    protos = [element.proto for element in app.get("vega_lite_chart")]
    said = re.findall(r'<p class="tf-said">(.*?)</p>', " ".join(html.proto.body for html in app.get("html")))
    return [
        (json.loads(proto.spec), pa.ipc.open_stream(proto.data.data).read_pandas(), unescape(text))
        for proto, text in zip(protos, said, strict=True)
    ]


def frames(app, *columns):
    """The frames of all charts that have these columns."""
    return [frame for _, frame, _ in charts(app) if set(columns) <= set(frame)]
