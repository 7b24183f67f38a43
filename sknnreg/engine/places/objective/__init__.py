"""Place 4, objective: the loss on the outputs, and what the weights themselves cost."""
