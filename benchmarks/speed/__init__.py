"""Time and memory of training, transforming, indexing and searching."""
