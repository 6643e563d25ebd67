"""What the method is worth: on public data, and on the company's own book."""
