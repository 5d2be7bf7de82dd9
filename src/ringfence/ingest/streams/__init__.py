"""Events as they come: what a broker's log holds, and one module a broker that reads it."""
