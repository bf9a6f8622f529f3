"""Programs that maintain the repository; the site never imports them."""
