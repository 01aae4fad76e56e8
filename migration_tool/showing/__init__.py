"""`design show`: what designs say, and what they make of the source, for people."""
