"""The pages: what builders see, with no models and no writes of its own."""
