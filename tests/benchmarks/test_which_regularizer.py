"""The study of regularizers: what is chosen by folds and judged by test rows, and its summary."""

import numpy as np
import pytest


@pytest.fixture
def study(benchmark_script):
    return benchmark_script("which_regularizer")


@pytest.fixture
def summing(benchmark_script):
    return benchmark_script("_regularizer_summary")


def test_folds_choose_and_test_rows_judge(study):
    """Of settings 1 to 3: the one with the least mean over the folds, in each split and measure."""
    found = np.full((2, 4, 4, 2), 9.0)  # splits, settings, test rows and folds, error and log loss
    found[0, 2, 1:, 0] = [0, 6, 0]
    found[0, 3, 1:, 0] = [3, 1, 1]  # the mean is less, the least fold is not
    found[1, 1, 1:, 0] = 1
    found[:, 2, 1:, 1] = 1
    found[:, :, 0, :] = np.arange(16).reshape(2, 4, 2)
    picked, values = study.chosen(found, 0, range(1, 4))
    assert picked.tolist() == [2, 0]
    assert values.tolist() == [found[0, 3, 0, 0], found[1, 1, 0, 0]]
    picked, values = study.chosen(found, 1, range(1, 4))
    assert picked.tolist() == [1, 1]
    assert values.tolist() == found[:, 2, 0, 1].tolist()


def test_rows_that_judge_are_never_learned_from(study):
    rng = np.random.default_rng(0)
    part = study.Table("made", rng.normal(size=(90, 3)), np.arange(90) % 3, True)
    size = study.Size("few", 60, 0, 1, 1)
    (learned, tested), *folds = study.splits(part, size, seed=0)
    assert len(learned) == 60
    assert not set(learned) & set(tested)
    for rows, others in folds:
        assert set(rows) | set(others) == set(learned)
        assert not set(rows) & set(others)
    assert np.array_equal(
        np.sort(np.concatenate([others for _, others in folds])), np.sort(learned)
    )
    assert study.rows_to_learn(part, size._replace(least_rows=61)) == 0


@pytest.mark.parametrize("has_classes", [True, False])
def test_lines_of_a_table(study, monkeypatch, has_classes):
    """The plain network's is no change; each fits as the script says."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = (X[:, 0] > 0).astype(int) if has_classes else X[:, 0]
    part, size = study.Table("made", X, y, has_classes), study.Size("few", 60, 0, 2, 2)
    several = {study.PLAIN: [{}], "label_smoothing": [{}], "l2": [{"l2": 0.1}, {"l2": 10.0}]}
    monkeypatch.setattr(study, "regularizers", lambda epochs: dict(several))
    lines = list(study.lines(part, size, study.measured(part, size, 2)))
    names = [line["regularizer"] for line in lines]
    assert names == [
        study.PLAIN,
        *(["label_smoothing"] if has_classes else []),
        "l2",
        study.BEST,
    ]
    plain, penalized = lines[0], lines[-2]
    assert plain["error_change"] == 0
    assert sum(map(int, penalized["chosen"].split())) == 2
    assert penalized["error"] == pytest.approx(plain["error"] + penalized["error_change"], abs=2e-5)
    assert np.isnan(plain["log_loss"]) != has_classes


def test_summary(summing):
    """Errors of 0.19 and 0.09 halved and doubled, 0.01 added: no change on average."""
    shared = {"table": "", "rows": "few", "regularizer": "l2", "chosen": ""}
    found = [
        shared | {"error": 0.09, "error_change": -0.10, "log_loss_change": -0.1},
        shared | {"error": 0.19, "error_change": 0.10, "log_loss_change": np.nan},
    ]
    told = summing.summary(found)
    assert told.change == pytest.approx(0)
    np.testing.assert_allclose(told.changes, [-50, 100])
    assert told.standard_error == pytest.approx(100 * np.log(2))
    assert (told.lower, told.higher) == (1, 1)
    assert told.log_loss_change == pytest.approx(-0.1)


def test_stored_lines_are_read_again(summing, tmp_path):
    found = summing.stored(summing.CSV)
    assert len({line["table"] for line in found}) == 16
    summing.store(found, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == summing.CSV.read_bytes()


def test_the_page_shows_the_numbers_of_the_file(summing):
    page = summing.CSV.with_name("README.md").read_text(encoding="utf-8")
    assert summing.report(summing.stored(summing.CSV)) in page
