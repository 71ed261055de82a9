"""Whether the package keeps its promises on whatever it is given."""
