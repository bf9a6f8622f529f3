"""Interviews in progress: answers that are kept as they are given, seen by colleagues, and submitted at the end."""
