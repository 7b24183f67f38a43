"""The training loop: networks start, take steps, are judged, and leave with their results."""
