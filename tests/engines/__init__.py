"""Real servers and programs for the tests: PostgreSQL, Redis, RabbitMQ, Chromium."""
