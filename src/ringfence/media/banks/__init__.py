"""Banks of known hashes: what they hold, where it came from, what reviewers said of it."""
