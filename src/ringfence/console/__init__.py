"""The reviewers' console: pages over cases, and nothing that decides."""
