"""Requests and issues of partners: how they are read, answered and worked on."""
