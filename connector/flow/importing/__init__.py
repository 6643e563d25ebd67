"""Facts of the credit file from tables that people fill in: CSV and XLSX."""
