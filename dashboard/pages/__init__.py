"""What each page knows: read once, used by the page and by its fragments. Nothing here writes."""
