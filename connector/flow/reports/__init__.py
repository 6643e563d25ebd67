"""Reports of the credit manager: the stored book assessed as of a date, summed and laid out."""
