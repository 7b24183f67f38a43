"""What a checkpoint is refused with."""


class CheckpointError(ValueError):
    """A checkpoint cannot be used for a fit; the message says why, and what to do."""
