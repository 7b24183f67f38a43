"""What a fitted network is: plain weights, and how they predict."""
