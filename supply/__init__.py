"""What the product is made of besides our own code: its list, its licences, and what is known of it.

Not shipped: `make sbom` and `make audit` read `requirements.lock`. (reliability S20)
"""
