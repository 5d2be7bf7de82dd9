"""What was decided, carried out on the platform and told to discovery and the guard."""
