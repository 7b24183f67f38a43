"""What is no checkpoint of this fit is refused; a failing write leaves the last one whole."""

import builtins
import errno
import json
import operator
import os
import platform
import subprocess
import sys
import zipfile
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import AutoPropagatedCallback, FitCallback
from sklearn.exceptions import NotFittedError
from sklearn.metrics import make_scorer, mean_pinball_loss

import sknnreg
from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.callback import Checkpoint, CheckpointError
from sknnreg.callback.fingerprints import described

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 9, "n_iter_no_change": None, "random_state": 0,
         "dropout": 0.2}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.npz"


@pytest.fixture
def cut(data, cut_off, path):
    """A fit that was cut off, and has its file."""
    return cut_off(MLPRegularizedClassifier(**QUICK), *data, path, 6).set_callbacks(
        Checkpoint(path)
    )


def about(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("about.json"))


def rewrite(path, change):
    """The same file with other words."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    words = json.loads(files["about.json"])
    change(words)
    files["about.json"] = json.dumps(words).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in files.items():
            archive.writestr(name, value)


def test_it_is_a_callback_of_scikit_learn_that_reaches_inner_networks(path):
    assert isinstance(Checkpoint(path), FitCallback)
    assert isinstance(Checkpoint(path), AutoPropagatedCallback)
    assert repr(Checkpoint("a.npz", every=3)) == "Checkpoint('a.npz', every=3)"


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "1", None, timedelta(0), np.float64(2)])
def test_every_is_epochs_or_a_time(every):
    with pytest.raises(ValueError, match=r"every=.* must be a number of epochs"):
        Checkpoint("folder", every=every)


@pytest.mark.parametrize("given", ["", None, 3])
def test_path_is_a_name(given):
    with pytest.raises(ValueError, match=r"path=.* must be the name"):
        Checkpoint(given)


@pytest.mark.parametrize(
    ("every", "written"),
    [
        (1, [1, 2, 3, 4, 5, 6, 7, 8]),
        (np.int64(4), [4, 8]),
        (timedelta(microseconds=1), [1, 2, 3, 4, 5, 6, 7, 8]),
        (timedelta(days=1), []),
    ],
)
def test_it_is_written_as_often_as_asked_for(every, written, data, path, monkeypatch):
    """And when training has ended."""
    found = []

    def replace(beside, final):
        trainings = about(beside)["trainings"]
        with np.load(beside) as archive:
            found.extend(int(archive[f"{i}/state/epochs"][0]) for i in range(len(trainings)))
        moved(beside, final)

    moved = os.replace
    monkeypatch.setattr(os, "replace", replace)
    MLPRegularizedClassifier(**QUICK).set_callbacks(Checkpoint(path, every)).fit(*data)
    assert found == [*written, 9]


def test_a_file_has_no_pickle(cut, path):
    with np.load(path, allow_pickle=False) as archive:
        assert all(archive[name] is not None for name in archive.files)
        assert archive["0/state/values"].shape == (1, 4 * 4 + 4 + 4 + 1)
    words = about(path)
    assert words["format"] == 1
    assert words["sknnreg"] == sknnreg.__version__


OTHER = {
    "l2": ({"l2": 0.5}, r"l2 was 0\.0, and is 0\.5\. To train anew, delete it"),
    "two": ({"l2": 0.5, "max_iter": 20}, r"max_iter was 9, and is 20"),
    "a function": ({"learning_rate": lambda update: 1.0}, "learning_rate was 'constant', and is"),
    "a seed": ({"random_state": 1}, "random_state was 0, and is 1"),
}


@pytest.mark.parametrize("name", OTHER)
def test_of_other_settings(name, cut, data, path):
    settings, message = OTHER[name]
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=message):
        cut.set_params(**settings).fit(*data)
    assert path.read_bytes() == before


def test_of_other_data(cut, data, path):
    X, y = data
    with pytest.raises(CheckpointError, match=r"another fit: X is not what it was"):
        cut.fit(np.nextafter(X, 9.0), y)
    with pytest.raises(CheckpointError, match="sample_weight is not what it was"):
        cut.fit(X, y, np.arange(len(X)) + 1.0)
    with pytest.raises(CheckpointError, match="X_val is not what it was; y_val is not what it was"):
        cut.fit(X, y, X_val=X, y_val=y)
    with pytest.raises(CheckpointError, match="it was MLPRegularizedClassifier, and is MLPRegular"):
        MLPRegularizedRegressor(**QUICK).set_callbacks(Checkpoint(path)).fit(X, y)


def test_what_changes_nothing_is_not_asked_for(cut, data, capsys):
    """Nor how the numbers stand in memory."""
    X, y = data
    cut.set_params(verbose=True).fit(np.asfortranarray(X), y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("network.npz: training goes on after epoch 5")
    assert lines[1].startswith("epoch 6,")
    assert len(lines) == 1 + 4


def test_a_refused_checkpoint_leaves_the_estimator_as_it_was(cut, data):
    X, y = data
    with pytest.raises(CheckpointError):
        clone(cut).set_params(l2=1.0).fit(X, y)
    unfitted = clone(cut).set_params(l2=1.0)
    with pytest.raises(CheckpointError):
        unfitted.fit(X, y)
    with pytest.raises(NotFittedError):
        unfitted.predict(X)


@pytest.mark.parametrize("seed", [None, np.random.RandomState(0)])
def test_a_seed_that_is_another_every_time(seed, data, path):
    est = MLPRegularizedClassifier(random_state=seed).set_callbacks(Checkpoint(path))
    with pytest.raises(CheckpointError, match="needs an integer random_state"):
        est.fit(*data)
    assert not path.exists()


def test_lbfgs_keeps_its_state_to_itself(data, path):
    est = MLPRegularizedClassifier(solver="lbfgs", random_state=0).set_callbacks(Checkpoint(path))
    with pytest.raises(CheckpointError, match="solver='lbfgs', whose state SciPy keeps"):
        est.fit(*data)


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "flipped", "member", "words", "array"])
def test_a_damaged_file(kind, cut, data, path):
    whole = path.read_bytes()
    if kind == "member":
        rewrite(path, lambda words: words["trainings"][0]["state"]["outline"].pop("values"))
    elif kind == "words":
        rewrite(path, lambda words: words.pop("format"))
    elif kind == "array":
        rewrite(path, lambda words: words["trainings"][0]["state"]["outline"].update(other=True))
    else:
        middle = whole.index(b"0/state/values") + 300
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        damaged = {"empty": b"", "text": b"hello", "cut": whole[:-200], "flipped": flipped}
        path.write_bytes(damaged[kind])
    with pytest.raises(CheckpointError, match=r"no checkpoint, or a damaged one .*Delete it"):
        cut.fit(*data)


def test_of_another_format(cut, data, path):
    rewrite(path, lambda words: words.update(format=2, sknnreg="9.1"))
    with pytest.raises(CheckpointError, match=r"has format 2 and was written by sknnreg 9\.1"):
        cut.fit(*data)


def test_of_another_version_of_the_package(data, cut, path):
    """With a hyperparameter less than this one has, which is at its default."""

    def age(words):
        words["sknnreg"] = "0.0.1"
        del words["fit"]["settings"]["input_scale"]

    rewrite(path, age)
    assert cut.fit(*data).n_iter_ == 9
    rewrite(path, age)
    with pytest.raises(CheckpointError, match=r"input_scale was 0\.0, and is 1\.0"):
        cut.set_params(input_scale=1.0).fit(*data)


def test_a_file_where_a_folder_is_and_the_other_way_round(data, tmp_path):
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "file").write_text("mine")
    est = MLPRegularizedClassifier(**QUICK)
    with pytest.raises(CheckpointError, match="and is a folder"):
        est.set_callbacks(Checkpoint(tmp_path / "folder.npz")).fit(*data)
    with pytest.raises(CheckpointError, match="is a file, but no name of a checkpoint"):
        est.set_callbacks(Checkpoint(tmp_path / "file")).fit(*data)
    with pytest.raises(OSError, match="File exists"):
        est.set_callbacks(Checkpoint(tmp_path / "file" / "network.npz")).fit(*data)
    assert (tmp_path / "file").read_text() == "mine"


def test_folders_are_made(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    est = MLPRegularizedClassifier(**QUICK)
    est.set_callbacks(Checkpoint("some/where")).fit(*data)
    est.set_callbacks(Checkpoint("~/network.npz")).fit(*data)
    assert len(list((tmp_path / "some" / "where").iterdir())) == 1
    assert (tmp_path / "home" / "network.npz").exists()


def no_room(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_permission(*args, **kwargs):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.mark.parametrize("failing", ["fsync", "replace", "open"])
@pytest.mark.parametrize("error", [no_room, no_permission])
def test_what_cannot_be_written_leaves_the_last_one_whole(
    failing, error, data, differences, path, monkeypatch, tmp_path
):
    """From the second write on, halfway through a file or before it is there."""
    est = MLPRegularizedClassifier(**QUICK).set_callbacks(Checkpoint(path, every=3))
    where = builtins if failing == "open" else os
    works, calls = getattr(where, failing), []

    def failing_later(*args, **kwargs):
        if failing != "open" or ".tmp" in str(args[0]):
            calls.append(args)
        # Each write synchronizes the file and then its folder.
        return error() if len(calls) > (4 if failing == "fsync" else 2) else works(*args, **kwargs)

    monkeypatch.setattr(where, failing, failing_later)
    with pytest.raises(OSError, match=r"could not be written .*is whole, and fit goes on from"):
        clone(est).fit(*data)
    monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == [path.name], "nothing else is left"
    with np.load(path) as archive:
        assert archive["0/state/epochs"] == [3]
    whole = MLPRegularizedClassifier(**QUICK).fit(*data)
    assert not differences(vars(est.fit(*data).set_callbacks()), vars(whole))


def test_what_can_never_be_written_is_told_before_training(data, path, monkeypatch, CutAt):
    monkeypatch.setattr(os, "fsync", no_room)
    heard = CutAt(1000)
    with pytest.raises(OSError, match=r"No space left .*Training has not begun"):
        MLPRegularizedClassifier(**QUICK).set_callbacks(Checkpoint(path), heard).fit(*data)
    assert heard.left == 1000


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_a_disk_that_is_really_full(data, tmp_path):
    """No file may grow beyond a few kilobytes: the next one ends in the midst."""
    program = f"""
import resource, numpy as np
from sknnreg import MLPRegularizedClassifier
from sknnreg.callback import Checkpoint
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
X = np.random.default_rng(0).normal(size=(60, 5)); y = np.arange(60) % 2
est = MLPRegularizedClassifier((200,), random_state=0, max_iter=3, n_iter_no_change=None)
try:
    est.set_callbacks(Checkpoint({str(tmp_path / "a.npz")!r}, every=1)).fit(X, y)
except OSError as error:
    print(error.errno, error)
"""
    root = Path(sknnreg.__file__).parents[1]
    answer = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True,
                            text=True, timeout=60, check=True)  # fmt: skip
    assert answer.stdout.startswith(f"{errno.EFBIG} ")
    assert "is whole" in answer.stdout
    assert about(tmp_path / "a.npz")["trainings"] == []
    assert [each.name for each in tmp_path.iterdir()] == ["a.npz"]


def test_leftovers_of_killed_processes_are_removed(data, path, tmp_path):
    """Those of processes that run, of other machines and of other files are not."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    mine, node = f".{path.name}.", platform.node()
    stale = tmp_path / f"{mine}{node}-{ended.pid}-0123abcd.tmp"
    others = [
        tmp_path / f"{mine}{node}-{os.getppid()}-0123abcd.tmp",
        tmp_path / f"{mine}elsewhere-{ended.pid}-0123abcd.tmp",
        tmp_path / f".other.npz.{node}-{ended.pid}-0123abcd.tmp",
        tmp_path / "notes.tmp",
    ]
    for each in (stale, *others):
        each.write_bytes(b"half")
    MLPRegularizedClassifier(**QUICK).set_callbacks(Checkpoint(path)).fit(*data)
    assert set(tmp_path.iterdir()) == {path, *others}


class Scorer:
    def __init__(self, share):
        self.share = share

    def __call__(self, estimator, X, y):
        return estimator.score(X, y) * self.share


def made(share):
    return lambda update: share


ALIKE = [
    lambda: 0.1,
    lambda: np.array([0.1, 0.2]),
    lambda: (4, np.int64(3)),
    lambda: made(0.1),
    lambda: Scorer(0.5),
    lambda: partial(falling, share=0.1),
    lambda: make_scorer(mean_pinball_loss, alpha=0.1),
    lambda: np.tanh,
    lambda: operator.itemgetter(1),
    lambda: object(),
    lambda: {"b": 1, "a": {"c": None}},
]
UNLIKE = [
    (lambda update: 1.0, lambda update: 2.0),
    (made(0.1), made(0.2)),
    (Scorer(0.5), Scorer(0.6)),
    (partial(max, 1), partial(max, 2)),
    (make_scorer(mean_pinball_loss, alpha=0.1), make_scorer(mean_pinball_loss, alpha=0.2)),
    (np.tanh, np.sin),
    (operator.itemgetter(1), operator.itemgetter(2)),
    ("1", 1),
    ([1, [2]], [1, 2]),
]


def falling(update, share):
    return share if update in {"one", "two", "three"} else 1.0


@pytest.mark.parametrize("number", range(len(ALIKE)))
def test_equal_settings_are_described_alike(number):
    words = [described(ALIKE[number]()) for _ in range(2)]
    assert words[0] == words[1] == json.loads(json.dumps(words[0]))


@pytest.mark.parametrize("number", range(len(UNLIKE)))
def test_other_settings_are_not(number):
    assert described(UNLIKE[number][0]) != described(UNLIKE[number][1])


def test_objects_that_refer_to_one_another():
    one, other = Scorer(1.0), Scorer(2.0)
    one.other, other.other = other, one
    assert json.dumps(described(one))
