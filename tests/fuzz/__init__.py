"""Requests that no page of the site would send: whatever comes, the site answers, and never with a fault of its own."""
