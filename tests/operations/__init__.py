"""The verbs, tested as the product's life tells them, on the database alone."""
