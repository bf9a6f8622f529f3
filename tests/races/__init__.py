"""Two people on one record over HTTP, hundreds of times: nothing that was acknowledged is lost."""
