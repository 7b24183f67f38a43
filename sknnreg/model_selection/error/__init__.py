"""What error is to be expected on fresh rows, and how well a sample tells."""
