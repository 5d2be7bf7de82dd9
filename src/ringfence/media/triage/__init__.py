"""New media: grouped, ranked for review by the company it keeps, and decided a group at a time."""
