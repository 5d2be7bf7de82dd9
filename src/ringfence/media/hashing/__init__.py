"""From files, bytes or lines to the hashes that media are matched by."""
