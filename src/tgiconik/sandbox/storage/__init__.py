"""The storages behind iconik: Amazon S3, Google Cloud Storage, Backblaze B2, Azure. Test doubles.

Each plays its own upload protocol below `/storage/`, on links that iconik signs. `routes` joins
them to the app, `blobs` keeps the bytes, `reading` gives them out again.
"""
