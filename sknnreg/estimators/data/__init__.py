"""What happens to X, y and sample weights on their way to the engine."""
