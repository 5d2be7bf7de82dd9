"""How do pages show figures? Shapes, pictures of shares with their intervals, and what all pages have in common."""
