"""Which vetted terms stand in a text, where exactly, and why?"""
