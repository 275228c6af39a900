"""Stories about what the product promises, named by behaviour."""
