"""Launches and onboardings: projects with tasks, readiness, and users."""
