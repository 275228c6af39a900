"""Very many calls: that no page's work grows with them."""
