"""What the tests stand on: a PostgreSQL, a browser, the production server, and settings with test keys."""
