"""The site on the services that a real trial runs on."""
