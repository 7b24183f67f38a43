"""Many fits of one study: the rows they share, and their tasks in one call of joblib."""
