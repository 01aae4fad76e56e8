"""From an unknown database to designs that can be loaded as they stand, ranked."""
