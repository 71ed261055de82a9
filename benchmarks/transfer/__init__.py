"""What an unlabeled task gains from labeled ones, when that fails, and how to tell."""
