"""What background servers have in common: where they live, how they are spoken to and stopped."""
