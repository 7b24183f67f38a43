"""How training is told of, goes on, and ends."""
