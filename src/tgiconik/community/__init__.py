"""The community that a customer keeps: partners, their groups, and the commands for both."""
