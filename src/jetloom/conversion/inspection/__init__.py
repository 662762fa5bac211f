"""What a file holds, for people: an overview, and small tools for ROOT files."""
