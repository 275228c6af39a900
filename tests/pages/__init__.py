"""The pages, as people meet them: what each shows, whom it refuses, and how few questions it asks the database."""
