"""Many partners: audience, document, announcement, and packages of assets."""
