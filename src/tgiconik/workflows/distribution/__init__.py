"""Distribution to many partners: audience, document, announcement, and packages of assets."""
