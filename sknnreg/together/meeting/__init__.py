"""Where the fits of a search meet: tasks take turns until all wait in ``fit``, then all train."""
