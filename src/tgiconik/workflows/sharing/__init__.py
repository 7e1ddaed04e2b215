"""One partner's access to an asset: facts, links, deliveries, versions."""
