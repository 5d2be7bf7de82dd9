from hypothesis import settings

# The first call of a kernel compiles it.
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")
