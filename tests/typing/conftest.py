"""A script for type checkers is not a test."""

collect_ignore = ["user_script.py"]
