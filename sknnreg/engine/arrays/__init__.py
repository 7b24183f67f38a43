"""Arrays and what fills them: the matrix, stacks, generators, rows and batches, threads."""
