"""Tests of the Trading Grid client."""
