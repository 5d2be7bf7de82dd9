"""What may a platform's discovery features show? Decided from one immutable snapshot."""
