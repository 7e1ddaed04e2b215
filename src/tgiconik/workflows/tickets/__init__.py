"""Partners' requests and issues: reading, answering and processing them."""
