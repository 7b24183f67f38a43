"""What an estimator does not know: draws of networks, intervals, densities, and their parts."""
