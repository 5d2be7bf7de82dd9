"""Which networks wait for a person, who may do what about them, and what was done? Nothing here acts on a platform."""
