"""The MNIST protocol reads both formats, goes on where it was, and reports the last epoch."""

import gzip

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

QUICK = ("--units", 8, "--epochs", 3)


@pytest.fixture
def mnist(benchmark_script):
    return benchmark_script("mnist")


@pytest.fixture
def arrays():
    """Digits of 8 x 8 in place of 28 x 28: bytes in the same layout."""
    X, y = load_digits(return_X_y=True)
    images, labels = (15 * X).reshape(-1, 8, 8).astype(np.uint8), y.astype(np.uint8)
    return {
        "x_train": images[:200],
        "y_train": labels[:200],
        "x_test": images[200:300],
        "y_test": labels[200:300],
    }


def idx(array):
    """Its bytes in the format of the original files."""
    return (
        b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
    )


@pytest.fixture
def archive(arrays, tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize("is_packed", [True, False])
def test_both_formats_are_the_same_rows(mnist, arrays, archive, tmp_path, is_packed):
    folder = tmp_path / "idx"
    folder.mkdir()
    for name, stem in mnist.PARTS.items():
        content = idx(arrays[name])
        if is_packed:
            (folder / f"{stem}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / stem).write_bytes(content)
    one, other = mnist.read(archive), mnist.read(folder)
    for ours, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert one.X.dtype == np.float32
    assert one.X.shape == (200, 64)
    np.testing.assert_allclose(one.X * 255, arrays["x_train"].reshape(200, 64), rtol=1e-6)


def test_other_files_are_told_from_it(mnist, tmp_path):
    with pytest.raises(SystemExit, match=r"no train-images-idx3-ubyte.gz in"):
        mnist.read(tmp_path)
    other = tmp_path / "other.npz"
    np.savez(other, X=np.zeros(3))
    with pytest.raises(SystemExit, match=r"is not mnist.npz, with the arrays x_train"):
        mnist.read(other)
    for content, message in [
        (b"hello", "no IDX file"),
        (idx(np.zeros((5, 2, 2), "u1"))[:-1], "cut"),
    ]:
        (tmp_path / mnist.PARTS["x_train"]).write_bytes(content)
        with pytest.raises(SystemExit, match=message):
            mnist.read(tmp_path)
    labels = {name: np.zeros(4, np.uint8) for name in mnist.PARTS}
    np.savez(other, **labels)
    with pytest.raises(SystemExit, match=r"images of shape \(4,\)"):
        mnist.read(other)


def run(mnist, run_main, capsys, *arguments):
    run_main(mnist, *arguments)
    told = capsys.readouterr().out
    return told, [line for line in told.splitlines() if line.startswith("|")]


def test_report_picture_and_going_on(mnist, run_main, capsys, archive, tmp_path):
    """A second run trains nothing and says the same; the numbers are those of a plain fit."""
    paths = ("--checkpoints", tmp_path / "kept", "--output", tmp_path / "mnist.png")
    arguments = (archive, *QUICK, *paths)
    told, table = run(mnist, run_main, capsys, *arguments)
    assert told.count("epoch 3, ") == 3
    assert len(list((tmp_path / "kept").glob("*.npz"))) == 3
    again, same = run(mnist, run_main, capsys, *arguments)
    assert same == table
    assert "epoch 3, " not in again
    with Image.open(tmp_path / "mnist.png") as picture:
        assert picture.width > 800

    digits = mnist.read(archive)
    model = mnist.network(3, 8, mnist.NETWORKS["dropout"]).set_params(verbose=False)
    model.set_params(early_stopping=False).fit(digits.X, digits.y)
    error = 100 * np.mean(model.predict(digits.X_test) != digits.y_test)
    assert float(table[3].split("|")[-2]) == pytest.approx(error, abs=0.005)


class Interrupt:
    """Ctrl-C at the end of the second epoch."""

    def __init__(self):
        self.epochs = 0

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        self.epochs += context.task_name == "epoch"
        if self.epochs == 2:
            raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore:Training was interrupted:UserWarning")
def test_an_interrupt_ends_the_run_which_goes_on_from_there(mnist, archive, tmp_path):
    digits = mnist.read(archive)
    model = mnist.network(4, 8, mnist.NETWORKS["dropout, max-norm"]).set_params(verbose=False)
    whole = mnist.errors_by_epoch(model, digits)
    with pytest.raises(SystemExit, match="Interrupted"):
        mnist.errors_by_epoch(model, digits, mnist.Checkpoint(tmp_path / "kept"), Interrupt())
    assert len(list((tmp_path / "kept").glob("*.npz"))) == 1
    np.testing.assert_array_equal(
        mnist.errors_by_epoch(model, digits, mnist.Checkpoint(tmp_path / "kept")), whole
    )
    assert len(whole) == 4
