"""
Place 5, update: schedules of the step size
===========================================

Long steps at first get far, short ones at last settle down. The same network, one hidden layer of
64 units with an L2 penalty, learns from 600 of the digits under eight schedules, with Adam. All
have the same largest step size, 0.02, which is too large to end with: then schedules matter.

Is one of them better than the others, and than the right constant step size?
:doc:`/guide/place_5_update` has all schedules as formulas.
"""

# %%
# Eight schedules, three constants
# --------------------------------
# Six seeds differ in the rows to learn from, the start and the batches; the other 1197 rows
# validate. ``learning_rate_curve_`` has the step size at the end of each epoch.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, fit_together

N_SEEDS, N_EPOCHS = 6, 120
X, y = load_digits(return_X_y=True)
network = MLPRegularizedClassifier(
    (64,),
    batch_size=32,
    l2=0.003,
    learning_rate_init=0.02,
    max_iter=N_EPOCHS,
    n_iter_no_change=None,
)
schedules = {
    "constant": {},
    "exponential": {"learning_rate_decay": 0.97},
    "step": {"learning_rate_period": 30, "learning_rate_decay": 0.3},
    "cosine": {},
    "cosine, warm-up": {"learning_rate": "cosine", "learning_rate_warmup": 12},
    "cosine_restarts": {"learning_rate_period": 8, "learning_rate_period_mult": 2},
    "cyclic": {"learning_rate_period": 20, "learning_rate_decay": 0.5},
    "one_cycle": {},
}
constants = {f"constant {size}": {"learning_rate_init": size} for size in (0.01, 0.003, 0.001)}
settings = {
    name: {"learning_rate": name, **setting} for name, setting in schedules.items()
} | constants


def fitted(setting, seed):
    X_train, X_val, y_train, y_val = train_test_split(
        X, y, train_size=600, stratify=y, random_state=seed
    )
    model = clone(network).set_params(**setting, random_state=seed)
    return model.fit(X_train, y_train, X_val=X_val, y_val=y_val)


with fit_together():
    models = joblib.Parallel()(
        joblib.delayed(fitted)(setting, seed)
        for setting in settings.values()
        for seed in range(N_SEEDS)
    )
runs = [models[i : i + N_SEEDS] for i in range(0, len(models), N_SEEDS)]
training = np.array([[model.loss_curve_ for model in run] for run in runs])
validation = np.array([[model.validation_loss_curve_ for model in run] for run in runs])

# %%
# How they end
# ------------
# Losses and standard errors over the seeds, and the difference to the best of the constants.

last = validation[:, :, -1]
reference = list(settings).index("constant 0.003")
print(f"{'':18}{'objective':>10}{'validation loss':>20}{'minus constant 0.003':>25}")
for name, objective, loss in zip(settings, training[:, :, -1], last, strict=True):
    told = "".join(
        f"{values.mean():{form}} ± {values.std(ddof=1) / np.sqrt(N_SEEDS):.4f}"
        for values, form in ((loss, "11.4f"), (loss - last[reference], "+z16.4f"))
    )
    print(f"{name:18}{objective.mean():10.4f}{told}")

# %%
# The loss follows the step size
# ------------------------------
# In the first and third line is the step size, below it the losses, means over the seeds, on a
# logarithmic axis; in grey are those of the constant step size. At 0.02 the loss goes up and down
# for as long as that lasts. As the step size falls, so does the loss: at once with ``step``, little
# by little with ``exponential`` and ``cosine``, anew in every cycle with ``cosine_restarts``.
# How a schedule gets there hardly matters.
#
# The constant step size need only be the right one: 0.003 is as good as any schedule. But 0.01 is
# worse, and who does not know the 0.003 has to look for it; with a schedule it is enough that the
# largest step size is large.

figure, axes = plt.subplots(
    4, 4, figsize=(10, 8.4), height_ratios=(1, 2.4) * 2, sharex=True, layout="constrained"
)
epochs = np.arange(1, N_EPOCHS + 1)
for number, name in enumerate(schedules):
    line, column = divmod(number, 4)
    above, below = axes[2 * line : 2 * line + 2, column]
    above.fill_between(epochs, runs[number][0].learning_rate_curve_, color="0.75", linewidth=0)
    above.set(title=name, ylim=(0, 0.022), xlim=(0, N_EPOCHS), yticks=[0, 0.02])
    for losses, colour in ((validation, "#D55E00"), (training, "#0072B2")):
        below.plot(epochs, losses[0].mean(axis=0), color="0.8", linewidth=1)
        below.plot(epochs, losses[number].mean(axis=0), color=colour, linewidth=1.8)
    below.set(ylim=(0.085, 0.6), yscale="log")
    below.minorticks_off()
    below.set_yticks([0.1, 0.2, 0.5], ["0.1", "0.2", "0.5"])
    for axis in (above, below):
        axis.tick_params(labelleft=column == 0)
for axis in axes[-1]:
    axis.set(xlabel="epoch", xticks=[0, 50, 100])
for line in (0, 2):
    axes[line, 0].set_ylabel("step size")
    axes[line + 1, 0].set_ylabel("loss")
figure.legend(
    [Line2D([], [], color=colour, linewidth=2) for colour in ("#D55E00", "#0072B2", "0.8")],
    ["validation loss", "training objective", "both at a constant 0.02"],
    loc="outside lower center",
    ncols=3,
    frameon=False,
)
plt.show()
