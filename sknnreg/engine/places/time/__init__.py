"""Place 7, time: what is watched and averaged over the sequence of epochs."""
