"""What models learn: each objective says its target, its metrics and what it predicts."""
