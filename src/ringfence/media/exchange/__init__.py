"""How do hashes that others share reach a bank, and what reviewers thought of them reach the others?"""
