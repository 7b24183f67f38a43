"""One line for a raw table: numbers, categories, dates and missing values, to an ensemble."""

from sknnreg.tabular.pipelines import tabular_classifier, tabular_regressor
from sknnreg.tabular.presets import PRESETS
from sknnreg.tabular.searching import search_space

__all__ = ["PRESETS", "search_space", "tabular_classifier", "tabular_regressor"]
