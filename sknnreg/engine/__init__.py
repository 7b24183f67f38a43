"""The NumPy engine: stacks of networks, trained together.

A stack of M networks is one matrix with a row per network; training changes the matrix; a
regularizer acts on it at one of seven places (see ``docs/architecture.md``). Every array has the
network axis first: signals ``(M, B, F)``, weights ``(M, fan_in, fan_out)``, vectors ``(M, 1, F)``,
the matrix ``(M, P)``. Nothing in here knows scikit-learn.
"""
