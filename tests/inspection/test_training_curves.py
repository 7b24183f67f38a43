"""TrainingCurveDisplay: what is drawn is what the networks remember, whatever they are in."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier
from sknnreg.inspection import TrainingCurveDisplay

plt = pytest.importorskip("matplotlib.pyplot")
X, y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def network(**settings):
    settings = {"max_iter": 12, "n_iter_no_change": None, "random_state": 0, **settings}
    return MLPRegularizedClassifier((5,), learning_rate_init=0.01, **settings)


def drawn(line):
    return line.get_xdata().tolist(), line.get_ydata().tolist()


def test_one_network():
    model = network(learning_rate="cosine").fit(X, y)
    display = TrainingCurveDisplay.from_estimator(model)
    losses, rates = display.axes_
    epochs = list(range(1, 13))
    training, rate = display.lines_
    assert drawn(training) == (epochs, model.loss_curve_)
    assert drawn(rate) == (epochs, model.learning_rate_curve_)
    assert training.axes is losses
    assert rate.axes is rates
    assert (losses.get_ylabel(), rates.get_ylabel()) == ("loss", "step size")
    assert display.figure_ is losses.figure is rates.figure


def test_validation_loss_best_epoch_and_reason():
    model = network(early_stopping=True, n_iter_no_change=3, max_iter=300)
    model.set_params(learning_rate_init=0.3).fit(X, y)
    assert model.best_iteration_ < model.n_iter_
    display = TrainingCurveDisplay.from_estimator(model)
    _, validation, _ = display.lines_
    assert drawn(validation)[1] == model.validation_loss_curve_
    (dot,) = (line for line in display.axes_[0].lines if line.get_marker() == "o")
    best = model.best_iteration_
    assert drawn(dot) == ([best], [model.validation_loss_curve_[best - 1]])
    texts = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert texts[-1] == f"no_improvement, epoch {model.n_iter_}, best {best}"


def test_validation_rows_without_early_stopping_have_no_best_epoch():
    model = network().fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    display = TrainingCurveDisplay.from_estimator(model)
    assert len(display.lines_) == 3
    assert all(line.get_marker() != "o" for line in display.axes_[0].lines)


@pytest.mark.parametrize(("refit", "start"), [("scratch", 0), ("continue", 5)])
def test_a_refit_is_dotted_from_where_it_began(refit, start):
    """The script's best epoch is the fifth."""
    scores = iter([1, 2, 3, 4, 5, *[0] * 100])
    model = network(
        early_stopping=True,
        early_stopping_scoring=lambda estimator, X, y: next(scores),
        early_stopping_refit=refit,
    ).fit(X, y)
    assert model.best_iteration_ == 5
    display = TrainingCurveDisplay.from_estimator(model)
    (dotted,) = (line for line in display.lines_ if line.get_linestyle() == ":")
    n = len(model.refit_loss_curve_)
    assert drawn(dotted) == (list(range(start + 1, start + n + 1)), model.refit_loss_curve_)
    texts = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert texts[:4] == ["training", "validation", "refit", "best"]


def test_several_by_name_keep_their_colours_and_names():
    display = TrainingCurveDisplay.from_estimator(
        {"plain": network().fit(X, y), "dropout": network(dropout=0.5).fit(X, y)}
    )
    assert [curve.name for curve in display.curves] == ["plain", "dropout"]
    plain, rate, dropout, other_rate = (line.get_color() for line in display.lines_)
    assert plain == rate != dropout == other_rate
    texts = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert texts == ["training", "plain: max_iter, epoch 12", "dropout: max_iter, epoch 12"]


def test_all_folds_of_a_cross_validation():
    model = make_pipeline(StandardScaler(), network(early_stopping=True))
    folds = cross_validate(model, X, y, cv=8, return_estimator=True)["estimator"]
    display = TrainingCurveDisplay.from_estimator(folds)
    assert len(display.curves) == 8
    assert [drawn(line)[1] for line in display.lines_[::3]] == [f[-1].loss_curve_ for f in folds]
    assert len({line.get_color() for line in display.lines_[::3]}) == 1
    texts = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert texts == ["training", "validation", "best", "8 ended by max_iter"]


def test_all_folds_of_a_nested_search_show_their_best_networks():
    search = GridSearchCV(network(), {"l2": [0.0, 0.1]}, cv=2)
    folds = cross_validate(search, X, y, cv=3, return_estimator=True)["estimator"]
    display = TrainingCurveDisplay.from_estimator(folds)
    expected = [fold.best_estimator_.loss_curve_ for fold in folds]
    assert [curve.loss for curve in display.curves] == expected


def test_networks_within_other_estimators():
    counts = {
        3: BaggingClassifier(network(), n_estimators=3, random_state=0),
        2: VotingClassifier(
            [("a", network()), ("b", network(l2=0.1)), ("c", LogisticRegression(max_iter=1000))]
        ),
        1: GridSearchCV(make_pipeline(StandardScaler(), network()), {}, cv=2),
    }
    for count, estimator in counts.items():
        display = TrainingCurveDisplay.from_estimator(estimator.fit(X, y))
        assert len(display.curves) == count
    assert (
        len(TrainingCurveDisplay.from_estimator(OneVsRestClassifier(network()).fit(X, y)).curves)
        == 3
    )


def test_axes_and_names_of_ones_own():
    _, axes = plt.subplots(1, 2)
    display = TrainingCurveDisplay.from_estimator(
        [network().fit(X, y)] * 2, names=["a", "b"], ax=axes
    )
    assert display.axes_ == list(axes)
    assert [curve.name for curve in display.curves] == ["a", "b"]
    assert display.plot(list(axes)).axes_ == list(axes)


def single(**layout):
    return plt.subplots(figsize=(9, 5), **layout)[1]


def side_by_side(**layout):
    return plt.subplots(1, 2, figsize=(14, 5), **layout)[1][0]


def bare(**layout):
    return plt.figure(figsize=(9, 5)).add_axes((0.2, 0.1, 0.7, 0.8))


@pytest.mark.parametrize("layout", [{}, {"layout": "constrained"}], ids=str)
@pytest.mark.parametrize("where", [single, side_by_side, bare])
def test_a_single_axes_gives_the_bounds_of_two(where, layout):
    ax = where(**layout)
    display = TrainingCurveDisplay.from_estimator(network().fit(X, y), ax=ax)
    figure = display.figure_
    figure.draw_without_rendering()
    upper, lower = (each.get_position() for each in display.axes_)
    outer = ax.get_position()
    assert figure is ax.figure
    assert not ax.axison
    assert upper.y0 > lower.y1
    # A constrained layout moves edges by the height of half a tick's label.
    slack = 0.02 if layout else 1e-9
    for inner in (upper, lower):
        assert outer.x0 - slack <= inner.x0 < inner.x1 <= outer.x1 + slack
        assert outer.y0 - slack <= inner.y0 < inner.y1 <= outer.y1 + slack


@pytest.mark.slow
@pytest.mark.parametrize("layout", [{}, {"layout": "constrained"}], ids=str)
@pytest.mark.parametrize("where", [lambda **_: None, single, bare, "two"])
@pytest.mark.parametrize("count", [1, 6, 7])
def test_the_legend_leaves_the_curves_visible(where, layout, count):
    """Beside the axes of the curves, and within the figure."""
    ax = plt.subplots(2, figsize=(9, 5), **layout)[1] if where == "two" else where(**layout)
    model = network(early_stopping=True).fit(X, y)
    display = TrainingCurveDisplay.from_estimator([model] * count, ax=ax)
    display.figure_.draw_without_rendering()
    legend = display.axes_[0].get_legend().get_window_extent()
    assert not any(legend.overlaps(each.get_window_extent()) for each in display.axes_)
    assert legend.x1 <= display.figure_.bbox.x1
    assert legend.y0 >= 0


def test_lbfgs_and_partial_fit_have_curves_too():
    stream = network()
    for _ in range(4):
        stream.partial_fit(X, y)
    lbfgs = network(solver="lbfgs", max_iter=500).fit(X, y)
    display = TrainingCurveDisplay.from_estimator([stream, lbfgs])
    assert [len(curve.loss) for curve in display.curves] == [4, lbfgs.n_iter_]
    assert all(np.isfinite(line.get_ydata()).all() for line in display.lines_)


class TestErrors:
    def test_more_than_two_axes(self):
        with pytest.raises(ValueError, match="ax must be one or two matplotlib Axes, got 3"):
            TrainingCurveDisplay.from_estimator(network().fit(X, y), ax=plt.subplots(3)[1])

    def test_no_network(self):
        with pytest.raises(ValueError, match=r"found no .* in LogisticRegression"):
            TrainingCurveDisplay.from_estimator(LogisticRegression(max_iter=1000).fit(X, y))

    def test_not_fitted(self):
        with pytest.raises(NotFittedError):
            TrainingCurveDisplay.from_estimator(network())

    def test_too_few_names(self):
        with pytest.raises(ValueError, match="names has 1 entries for 2 networks"):
            TrainingCurveDisplay.from_estimator([network().fit(X, y)] * 2, names=["a"])

    @pytest.mark.parametrize("n", [3, 4])
    def test_more_axes_than_two(self, n):
        figure, axes = plt.subplots(n)
        with pytest.raises(ValueError, match=rf"ax.*two.*got {n}"):
            TrainingCurveDisplay.from_estimator(network().fit(X, y), ax=axes)
        plt.close(figure)
