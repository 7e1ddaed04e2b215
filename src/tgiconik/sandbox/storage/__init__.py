"""The storages behind iconik: Amazon S3, Google Cloud Storage, Backblaze B2, Azure. Test doubles.

Each implements its own upload protocol below `/storage/`, for links signed by iconik. `routes` adds
them to the app, `blobs` stores the bytes, `file_response` returns them.
"""
