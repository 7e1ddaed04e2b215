"""An embedded pair of platforms, iconik and Trading Grid, for examples and tests. A test double."""
