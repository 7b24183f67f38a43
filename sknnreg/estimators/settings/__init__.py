"""What the user sets: hyperparameters, which go together, and the recipe they make."""
