"""The processes of the Zoho measurements: the sandbox, our pull, and Zoho's own SDK."""
