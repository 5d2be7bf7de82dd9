"""Known hashes, found exactly: by distance (PDQ) or as they are (digests)."""
