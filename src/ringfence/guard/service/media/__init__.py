"""How does a platform ask for media over HTTP: hashed, looked up, put into banks?

The paths below /h, /m and /c are those of Meta's Hasher-Matcher-Actioner, so that its clients work unchanged; /v1/match
says in one answer what they ask for in several.
"""
