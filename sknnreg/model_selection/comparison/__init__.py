"""Which of several estimators has the lower error, paired on the same splits."""
