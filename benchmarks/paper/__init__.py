"""The results of the paper beside ours."""
