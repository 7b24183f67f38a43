"""What trains the networks that have met: this machine's cores, or a joblib backend's workers."""
