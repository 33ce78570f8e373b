"""Checkpoints: what was saved comes back bit for bit, and whatever is wrong with a file is told in one line."""

import copy
import io
import json
import math
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from small import MASK, TARGETS, TOKENS, small_model

from tinyformer import (
    SGD,
    Adam,
    CheckpointError,
    CrossEntropyLoss,
    MetricsTracker,
    ModelCheckpoint,
    TrainingConfig,
    load_checkpoint,
    save_checkpoint,
    train_step,
)
from tinyformer.checkpoints.array_file import read_arrays, whole_file, write_arrays
from tinyformer.training import StepRecord, Validation

MUCH = 20 << 20  # bytes; a small model and the readers need a tenth of it


def history(steps=5):
    tracker = MetricsTracker()
    for step in range(1, steps + 1):
        validation = Validation(2.5, 0.3, (0.1, 0.2, 0.3, 0.4, 0.5)) if step == steps else None
        tracker.record(StepRecord(step, 1, 3.0 - step / 7, step / 9, 1 / step, 1e-3, 0.01, validation))
    return tracker


@pytest.fixture
def path(tmp_path):
    """A checkpoint with everything in it."""
    model = small_model("float32", positions="learned", norm="pre")
    optimizer = Adam(model.get_parameters)
    train_step(model, TOKENS, TARGETS, CrossEntropyLoss(), optimizer, MASK)
    training = TrainingConfig(num_args=(2, 5), model=model.config)
    return save_checkpoint(
        tmp_path / "model.npz", model, training=training, history=history(), optimizer=optimizer, metadata={"epoch": 3}
    )


def refusal(path):
    """The message with which a file is refused: one line that names it, and nothing large was allocated on the way."""
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError) as caught:
            load_checkpoint(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    assert path.name in message
    assert peak < MUCH, f"{peak:,} bytes for: {message}"
    return message


def members_of(path):
    """Member name → bytes of a zip file."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, changed=(), compression=zipfile.ZIP_STORED):
    """Write the file anew with some members changed (bytes), or left out (None)."""
    members = members_of(path) | dict(changed)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)


def npy(array, **options):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), **options)
    return buffer.getvalue()


def header_only(shape, descr="<f4"):
    """An .npy that claims a shape and has no data."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def change_metadata(path, change):
    metadata = json.loads(members_of(path)["metadata.npy"][128:])
    metadata = change(metadata) or metadata
    rewrite(path, {"metadata.npy": npy(np.frombuffer(json.dumps(metadata).encode(), np.uint8))})


# What was saved comes back


def test_everything_comes_back_bit_for_bit(tmp_path):
    for dtype in ("float32", "float64"):
        for settings in ({}, {"norm": "pre", "pooling": "mean", "positions": "learned", "scale_attention": False}):
            model = small_model(dtype, **settings)
            optimizer = Adam(model.get_parameters)
            train_step(model, TOKENS, TARGETS, CrossEntropyLoss(), optimizer, MASK)
            training, tracker = TrainingConfig(seed=7, num_args=(2, 5), model=model.config), history()
            path = save_checkpoint(
                tmp_path / "a.npz", model, training=training, history=tracker, optimizer=optimizer,
                metadata={"epoch": 3, "test": {"accuracy": 0.5}},
            )  # fmt: skip
            loaded = load_checkpoint(path)
            assert (loaded.config, loaded.training, loaded.model.dtype) == (model.config, training, model.dtype)
            assert loaded.model.vector.tobytes() == model.vector.tobytes()
            assert loaded.model.predict(TOKENS, MASK).tobytes() == model.predict(TOKENS, MASK).tobytes()
            assert [a.tobytes() for a in loaded.optimizer_state] == [a.tobytes() for a in optimizer.state]
            assert (loaded.history.steps, loaded.history.epochs) == (tracker.steps, tracker.epochs)
            assert loaded.metadata == {"epoch": 3, "test": {"accuracy": 0.5}}
            assert (loaded.path, loaded.name) == (path, "a")


def test_a_model_alone_is_enough(tmp_path):
    model = small_model("float32")
    loaded = load_checkpoint(save_checkpoint(tmp_path / "a.npz", model))
    assert loaded.model.vector.tobytes() == model.vector.tobytes()
    assert (loaded.training, loaded.metadata, loaded.optimizer_state) == (None, {}, [])
    assert loaded.history.steps["loss"] == []


def test_a_loaded_model_can_be_trained_on(path):
    model = load_checkpoint(path).model
    before = model.vector.copy()
    train_step(model, TOKENS, TARGETS, CrossEntropyLoss(), SGD(model.get_parameters, 0.1), MASK)
    assert not np.array_equal(model.vector, before)
    assert np.array_equal(model.vector, np.concatenate([v.ravel() for v in model.named_parameters().values()]))


def test_the_same_content_gives_the_same_bytes(tmp_path):
    model = small_model("float32")
    one, other = (save_checkpoint(tmp_path / name, model, history=history()) for name in ("a.npz", "b.npz"))
    assert one.read_bytes() == other.read_bytes()
    again = load_checkpoint(one)
    assert save_checkpoint(tmp_path / "c.npz", again.model, history=again.history).read_bytes() == one.read_bytes()


def test_a_model_checkpoint_makes_its_folder_and_names_files_by_epoch(tmp_path):
    model = small_model("float32")
    saver = ModelCheckpoint(tmp_path / "some" / "folder")
    path = saver.save(model, Adam(model.get_parameters), history(), epoch=3, seed=42)
    assert path == tmp_path / "some" / "folder" / "epoch-003.npz"
    assert load_checkpoint(path).metadata == {"epoch": 3, "seed": 42}
    assert saver.save(model, Adam(model.get_parameters), history(), epoch=0, name="best").name == "best.npz"
    assert load_checkpoint(saver.save(model, None, None, epoch=1)).optimizer_state == []


def test_a_model_checkpoint_raises_what_it_says_and_writes_nothing_then(tmp_path):
    model, saver = small_model("float32"), ModelCheckpoint(tmp_path / "folder")
    for name in ("../outside", "/outside", "a/b", "..", "", ".hidden"):
        with pytest.raises(ValueError, match="name of a file"):
            saver.save(model, None, None, epoch=1, name=name)
    with pytest.raises(ValueError, match="seconds is nan"):
        saver.save(model, None, None, epoch=1, seconds=math.nan)
    with pytest.raises(TypeError):
        saver.save(model, None, None, epoch=1, note=object())
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        ModelCheckpoint(tmp_path / "file" / "folder")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_an_array_file_lies_open_to_numpy(path):
    with np.load(path, allow_pickle=False) as archive:
        assert archive["parameters"].dtype == np.float32
        assert json.loads(archive["metadata"].tobytes())["format"] == "tinyformer checkpoint"


# Files that are damaged


@pytest.mark.filterwarnings("error")
def test_a_truncated_file_is_refused_wherever_it_ends(path):
    content = path.read_bytes()
    for length in [*range(0, 700, 7), *range(700, len(content), 997), len(content) - 1]:
        path.write_bytes(content[:length])
        refusal(path)


def test_a_flipped_byte_is_refused_or_harmless(path):
    """In the first header, in the table at the end, in some of the data: an error, or the very same model."""
    content, original = path.read_bytes(), load_checkpoint(path)
    with zipfile.ZipFile(path) as archive:
        table = archive.start_dir
    for place in [*range(0, 170, 3), *range(170, table, 411), *range(table, len(content), 3)]:
        damaged = bytearray(content)
        damaged[place] ^= 0x41
        path.write_bytes(damaged)
        try:
            loaded = load_checkpoint(path)
        except CheckpointError as error:
            assert "\n" not in str(error), place
        else:
            assert loaded.model.vector.tobytes() == original.model.vector.tobytes(), place
            assert loaded.config == original.config, place


def test_noise_is_refused(tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "noise.npz"
    for length in (0, 1, 100, 10_000):
        path.write_bytes(rng.bytes(length))
        assert "truncated or not an array file" in refusal(path)
    path.write_text("just some text")
    refusal(path)


def test_another_kind_of_zip_is_refused(tmp_path):
    path = tmp_path / "other.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert 'there is no array "metadata"' in refusal(path)
    np.savez(path, a=np.zeros(3))
    assert 'there is no array "metadata"' in refusal(path)


def test_what_is_no_file_is_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "missing.npz")
    assert "not a file" in refusal(tmp_path)
    if not hasattr(os, "mkfifo"):
        return
    pipe = tmp_path / "pipe.npz"
    os.mkfifo(pipe)
    assert "not a file" in refusal(pipe)  # opening it would wait forever


# Files that are not what they should be


@pytest.mark.parametrize("member", ["metadata", "parameters", "history.steps", "history.epochs", "optimizer.1"])
def test_a_missing_array_is_named(path, member):
    rewrite(path, {f"{member}.npy": None})
    assert f'there is no array "{member}"' in refusal(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(version=2), "it has version 2, this program reads version 1"),
        (lambda m: m.update(format="cake"), "it is not a tinyformer checkpoint"),
        (lambda m: [1, 2, 3], "it is not a tinyformer checkpoint"),
        (lambda m: m.pop("config") and None, "there is no entry 'config'"),
        (lambda m: m.pop("training") and None, "there is no entry 'training'"),
        (lambda m: m["config"].update(norm="sideways"), "norm must be 'post' or 'pre', got 'sideways'"),
        (lambda m: m["config"].update(num_heads=5), "multiple of num_heads"),
        (lambda m: m["config"].update(dropout=float("nan")), "dropout must be a number"),
        (lambda m: m["config"].update(surprise=1), "no setting named surprise"),
        (lambda m: m["config"].update({"a\nb": 1}), "no setting named a b"),
        (lambda m: m["config"].update(norm="x" * 1_000_000), "norm must be 'post' or 'pre'"),
        (lambda m: m.update(dtype="float16"), "its dtype is 'float16'"),
        (lambda m: m.update(dtype="object"), "its dtype is 'object'"),
        (lambda m: m.update(metadata=[]), "its metadata is not a table"),
        (lambda m: m["metadata"].update(epoch="soon"), "its epoch is 'soon', expected a number"),
        (lambda m: m["metadata"].update(test=7), "its metadata is not a table"),
        (lambda m: m["metadata"].update(test={"accuracy": None}), "its accuracy is None, expected a number"),
        (lambda m: m["config"].update(vocab_size=21), "its model knows 21 tokens"),
        (lambda m: m["config"].update(max_seq_len=5), "reads up to 5; the expressions here"),
        (lambda m: m.update(optimizer="adam"), ""),
        (lambda m: m.update(optimizer={"slots": 10**9}), "expected at most 2"),
        (lambda m: m.update(training={"epochs": -1}), "epochs must be a whole number"),
        (lambda m: m.update(training=3), ""),
        (lambda m: m["parameters"].reverse(), "names other parameters"),
        (lambda m: m.update(parameters=None), "names other parameters"),
    ],
)
def test_metadata_that_do_not_fit_are_refused_with_the_reason(path, change, message):
    change_metadata(path, change)
    assert message in refusal(path)


def test_metadata_that_are_no_json_are_refused(path):
    for text in (b"{", b"\xff\xfe", b"", b"[" * 100_000):
        rewrite(path, {"metadata.npy": npy(np.frombuffer(text, np.uint8))})
        refusal(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("member", ["parameters", "optimizer.0", "history.steps"])
def test_numbers_that_are_none_are_refused_with_their_place(path, member, value):
    array = np.load(path)[member].copy()
    array.flat[7] = value
    place = tuple(int(i) for i in np.unravel_index(7, array.shape))
    rewrite(path, {f"{member}.npy": npy(array)})
    assert f'array "{member}" has values that are not finite, the first at {place}' in refusal(path)


def test_arrays_of_another_shape_or_type_are_refused(path):
    parameters = np.load(path)["parameters"]
    size = len(parameters)
    for wrong in (parameters[:-1], parameters[None], parameters.astype(np.float64), parameters.astype(np.int32)):
        rewrite(path, {"parameters.npy": npy(wrong)})
        assert f"expected float32 ({size},)" in refusal(path)
    for wrong in (np.zeros((3, 5)), np.zeros((6, 4), order="F"), np.zeros(6), np.zeros((2, 6), np.float32)):
        rewrite(path, {"parameters.npy": npy(parameters), "history.steps.npy": npy(wrong)})
        assert 'array "history.steps" is' in refusal(path)
    with_names = np.zeros(size, [("a", "<f4")])
    rewrite(path, {"parameters.npy": npy(with_names)})
    refusal(path)


def test_a_header_that_is_no_header_is_refused(path):
    good = members_of(path)["parameters.npy"]
    start = b"\x93NUMPY\x01\x00\x76\x00"
    for header in (b"(" * 118, b"-" * 117 + b"1", b"__import__('os')".ljust(118), b"{'descr': ".ljust(118)):
        rewrite(path, {"parameters.npy": start + header + good[128:]})
        refusal(path)
    rewrite(path, {"parameters.npy": b"\x93NUMPY\x09\x00" + good[8:]})
    assert "unknown format" in refusal(path)
    rewrite(path, {"parameters.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + good[12:]})  # a header of 4 GB
    refusal(path)
    rewrite(path, {"parameters.npy": good + b"\0"})
    assert "bytes left over" in refusal(path)


# Files that want to do harm


class Harm:
    """Unpickling this creates a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_pickle_inside_is_never_loaded(path, tmp_path):
    trace = tmp_path / "harm"
    pickle.loads(pickle.dumps(Harm(trace))).close()
    assert trace.exists()  # it would work,
    trace.unlink()
    array = np.array([Harm(trace)], dtype=object)
    for member in ("parameters", "metadata", "history.epochs", "optimizer.0"):
        content = members_of(path)
        rewrite(path, {f"{member}.npy": npy(array, allow_pickle=True)})
        assert "object" in refusal(path)
        rewrite(path, content)
    path.write_bytes(pickle.dumps(Harm(trace)))
    refusal(path)
    assert not trace.exists()  # and did not


TERABYTE = 1 << 40


def test_an_array_that_claims_a_terabyte_allocates_nothing(path):
    rewrite(path, {"history.steps.npy": header_only((TERABYTE // 48, 6), "<f8")})
    assert "claims 1,099,511,627,7" in refusal(path)
    rewrite(path, {"history.steps.npy": header_only((10**300, 6), "<f8")})
    refusal(path)
    rewrite(path, {"history.steps.npy": header_only((-1, 6), "<f8")})
    refusal(path)
    rewrite(path, {"metadata.npy": header_only((TERABYTE,), "|u1")})
    assert "claims" in refusal(path)


def test_a_zip_entry_that_claims_a_terabyte_allocates_nothing(path):
    """The table of the zip file says so, and the header of the array agrees: only the file's own size knows better."""
    members = members_of(path)
    for name, content in {
        "history.steps.npy": header_only((TERABYTE // 48, 6), "<f8"),
        "parameters.npy": members["parameters.npy"],
    }.items():
        with zipfile.ZipFile(path, "w") as archive:
            for other, unchanged in members.items():
                archive.writestr(other, content if other == name else unchanged)
            archive.getinfo(name).file_size = archive.getinfo(name).compress_size = TERABYTE
        message = refusal(path)
        assert "claims 1,099,511,627,776 bytes" in message
        assert name in message


@pytest.mark.parametrize(
    "claim",
    [
        {"embed_dim": 999_999, "num_heads": 3},
        {"ffn_dim": 1_000_000, "embed_dim": 600},
        {"num_layers": 1_000, "embed_dim": 300, "num_heads": 1},
        {"max_seq_len": 10_000, "embed_dim": 2_001, "num_layers": 1, "positions": "sinusoidal"},  # no parameters
        {"max_seq_len": 10_000, "embed_dim": 2_001, "num_layers": 1, "positions": "learned"},
    ],
)
def test_a_configuration_of_a_giant_is_refused_before_it_is_built(path, claim):
    change_metadata(path, lambda m: m["config"].update(claim))
    assert "the limit" in refusal(path)


def test_a_tower_of_a_million_blocks_is_refused_before_it_is_built(path):
    change_metadata(path, lambda m: m["config"].update(num_layers=1_000_000, embed_dim=1, num_heads=1, ffn_dim=1))
    assert "num_layers must be a whole number from 1 to 1000" in refusal(path)


def test_compressed_members_are_refused(path):
    rewrite(path, compression=zipfile.ZIP_DEFLATED)
    assert "compressed" in refusal(path)
    rewrite(path, {"history.steps.npy": npy(np.zeros((1_000_000, 6)))}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 200_000
    assert "claims 48,000,128 bytes" in refusal(path)


# Writing


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(OSError):
            save_checkpoint(folder / "model.npz", small_model())
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_file_whole(path, tmp_path):
    resource = pytest.importorskip("resource", reason="this system cannot bound the size of a file")
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)  # stands for a disk with 4 KB left
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError):
            save_checkpoint(path, small_model("float64"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.npz"]


def test_an_interruption_leaves_the_old_file_whole(path, tmp_path):
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), whole_file(path) as file:
        file.write(b"half of")
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.npz"]


def test_a_model_that_could_not_be_read_again_does_not_replace_one_that_can(path):
    before, model = path.read_bytes(), copy.deepcopy(small_model("float32"))
    model.vector[5] = np.nan
    with pytest.raises(ValueError, match=r'array "parameters" has values that are not finite, the first at \(5,\)'):
        save_checkpoint(path, model)
    with pytest.raises(ValueError, match="bytes of metadata, the limit is"):
        save_checkpoint(path, small_model(), metadata={"long": "x" * 5_000_000})
    with pytest.raises(ValueError, match="its seconds is '3 s', expected a number"):
        save_checkpoint(path, small_model(), metadata={"seconds": "3 s"})
    assert path.read_bytes() == before


def test_an_array_file_holds_any_arrays(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.zeros((0, 4), np.float32)}
    write_arrays(tmp_path / "x.npz", {"n": 2}, arrays)
    metadata, again = read_arrays(
        tmp_path / "x.npz", lambda m: {"a": ((m["n"], None), ("int16",)), "b": ((None, 4), ("float32",))}
    )
    assert metadata == {"n": 2}
    for name, array in arrays.items():
        assert (again[name].dtype, again[name].shape) == (array.dtype, array.shape)
        assert again[name].tobytes() == array.tobytes()
        assert again[name].flags.writeable


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
