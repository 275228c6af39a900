"""What people do, in a real browser, against the production server."""
