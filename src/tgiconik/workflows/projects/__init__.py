"""Launches and onboardings: projects with tasks, their readiness, and partners' users."""
