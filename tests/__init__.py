"""Tests, laid out as the apps are."""
