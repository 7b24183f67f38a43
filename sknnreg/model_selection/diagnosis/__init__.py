"""Which part of an error is bias and which variance, and what to try next."""

from sknnreg.model_selection.diagnosis.diagnose import diagnose, diagnose_estimator
from sknnreg.model_selection.diagnosis.result import DiagnosisResult, Suggestion

__all__ = ["DiagnosisResult", "Suggestion", "diagnose", "diagnose_estimator"]
